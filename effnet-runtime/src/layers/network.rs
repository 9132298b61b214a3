//! A network from images to embeddings and logits, as one node of the graph up to the mean over pixels.

use candle_core::{Result, Tensor};

use super::{Block, Head, Stem, run};
use crate::pass::Pass;

/// Embeddings `[N, num_features]` of images `[N, channels, H, W]`.
///
/// # Errors
/// When the images or the blocks do not fit, or candle fails.
pub(crate) fn embeddings<'a>(
    stem: &'a Stem,
    blocks: impl IntoIterator<Item = &'a Block>,
    head: &'a Head,
    images: &Tensor,
    pass: &Pass<'_>,
) -> Result<Tensor> {
    let blocks: Vec<&Block> = std::iter::once(&stem.conv).chain(blocks).chain(&head.conv).collect();
    head.embeddings(&run(&stem.map(images, pass)?, &blocks, pass)?, pass)
}

/// Logits `[N, num_classes]` of images `[N, channels, H, W]`; without classes, their embeddings.
///
/// # Errors
/// As [`embeddings`].
pub(crate) fn logits<'a>(
    stem: &'a Stem,
    blocks: impl IntoIterator<Item = &'a Block>,
    head: &'a Head,
    images: &Tensor,
    pass: &Pass<'_>,
) -> Result<Tensor> {
    head.logits(embeddings(stem, blocks, head, images, pass)?, pass)
}
