//! The choice of a block's schedule.

use crate::weights::Result;
use effnet_spec::Block;
use effnet_spec::plan::LayerKind;

use super::Conventions;
use super::fold::Source;
use super::fused::{self, Fused};
use super::layered::Layered;
use super::mbconv::{self, MbConv};
use super::schedule::Schedule;

/// The schedule that fits the block's layers.
///
/// # Errors
/// When no schedule computes the layers, or a weight cannot be read.
pub(super) fn schedule(source: &dyn Source, block: &Block, with: &Conventions) -> Result<Box<dyn Schedule>> {
    let layers: Vec<(String, LayerKind)> = block.sites().map(|site| (site.name(), site.layer.kind)).collect();
    let shortcut = block.has_shortcut();
    if let (true, Some((name, LayerKind::SqueezeExcite(_)))) = (shortcut, layers.last()) {
        return Err(candle_core::Error::msg(format!(
            "the engine adds a shortcut to a convolution's result, and its block ends in the squeeze-and-excitation \
             `{name}`: end it with a convolution"
        ))
        .into());
    }
    Ok(if let Some(parts) = fused::Parts::of(&layers) {
        Box::new(Fused::new(source, &parts, shortcut, with)?)
    } else if let Some(parts) = mbconv::Parts::of(&layers) {
        Box::new(MbConv::new(source, &parts, shortcut, with)?)
    } else {
        Box::new(Layered::new(source, &layers, shortcut, with)?)
    })
}
