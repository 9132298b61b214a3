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
pub(super) fn schedule(source: &dyn Source, block: &Block, with: &Conventions) -> Result<Box<dyn Schedule>> {
    let layers: Vec<(String, LayerKind)> = block.sites().map(|site| (site.name(), site.layer.kind)).collect();
    let shortcut = block.has_shortcut();
    Ok(if let Some(parts) = fused::Parts::of(&layers) {
        Box::new(Fused::new(source, &parts, shortcut, with)?)
    } else if let Some(parts) = mbconv::Parts::of(&layers) {
        Box::new(MbConv::new(source, &parts, shortcut, with)?)
    } else {
        Box::new(Layered::new(source, &layers, shortcut, with)?)
    })
}
