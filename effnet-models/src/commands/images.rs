//! How images come to a network that is evaluated.

use anyhow::Result;
use effnet_runtime::Dialect;
use effnet_runtime::data::EvalTransform;

/// What weights of this dialect assume of images, at another size if one is said.
pub(super) fn eval_transform(dialect: &Dialect, in_channels: usize, size: Option<usize>) -> Result<EvalTransform> {
    Ok(EvalTransform::of(dialect, size.unwrap_or(dialect.test_size), in_channels)?)
}
