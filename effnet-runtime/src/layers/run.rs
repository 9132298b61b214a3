//! Blocks one after the other, as one node of the graph.

use candle_core::{Result, Tensor};

use super::Block;
use crate::graph;
use crate::pass::Pass;

/// `[N, H', W', C']` of `x` = `[N, H, W, C]` by blocks one after the other, as one node of the graph.
///
/// # Errors
/// When `x` does not fit the first block, a block not the one before it, or candle fails.
pub(crate) fn run(x: &Tensor, blocks: &[&Block], pass: &Pass<'_>) -> Result<Tensor> {
    let sequences = blocks.iter().map(|block| block.sequence(pass)).collect::<Result<Vec<_>>>()?;
    let (y, moments) = graph::chain(x, &sequences)?;
    let mut moments = moments.into_iter();
    blocks.iter().for_each(|block| block.record(&mut moments, pass));
    Ok(y)
}
