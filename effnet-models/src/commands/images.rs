//! Prepares images for a network in evaluation.

use anyhow::Result;
use effnet_runtime::Dialect;
use effnet_runtime::data::EvalTransform;

/// The transform that weights of this dialect expect, at the given size or the dialect's own.
pub(super) fn eval_transform(dialect: &Dialect, in_channels: usize, size: Option<usize>) -> Result<EvalTransform> {
    Ok(EvalTransform::of(dialect, size.unwrap_or(dialect.test_size), in_channels)?)
}
