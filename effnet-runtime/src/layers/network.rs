//! A network from images to logits, as one node of the graph.

use candle_core::{Result, Tensor};

use super::{Block, Head, Stem, run};
use crate::pass::Pass;

/// Logits `[N, num_classes]` of images `[N, channels, H, W]`.
///
/// # Errors
/// When the images or the blocks do not fit, or candle fails.
pub(crate) fn run_network<'a>(
    stem: &'a Stem,
    blocks: impl IntoIterator<Item = &'a Block>,
    head: &'a Head,
    images: &Tensor,
    pass: &Pass<'_>,
) -> Result<Tensor> {
    let blocks: Vec<&Block> = std::iter::once(&stem.conv).chain(blocks).chain([&head.conv]).collect();
    head.logits(&run(&stem.map(images, pass)?, &blocks, pass)?, pass)
}
