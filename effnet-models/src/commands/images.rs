//! How images come to a network that is evaluated.

use anyhow::Result;
use effnet_runtime::Network;
use effnet_runtime::data::EvalTransform;

/// What the network's weights assume of images, at another size if one is said.
pub(super) fn eval_transform(network: &dyn Network, size: Option<usize>) -> Result<EvalTransform> {
    let dialect = network.dialect();
    Ok(EvalTransform::of(dialect, size.unwrap_or(dialect.test_size), network.spec().settings.in_channels)?)
}
