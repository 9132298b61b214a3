//! How a block runs.

use super::conv::Input;
use super::map::{Border, Map};
use super::run::Run;

/// A block, its weights packed. Sizes are those of its input.
pub(super) trait Schedule: Send + Sync + std::fmt::Debug {
    /// Whether it reads its map in bf16.
    fn reads_bf16(&self) -> bool {
        false
    }

    fn out_channels(&self) -> usize;

    /// Size of the output.
    fn output(&self, size: (usize, usize)) -> (usize, usize);

    /// Zeros that it wants around its input.
    fn border(&self, size: (usize, usize)) -> Border;

    /// Floats between its phases, for an image: wide maps, sums, squeezed layers.
    fn between(&self, _size: (usize, usize)) -> [usize; 3] {
        [0; 3]
    }

    /// Floats of scratch memory of a task.
    fn scratch(&self, size: (usize, usize)) -> usize;

    fn run(&self, run: &Run<'_>, x: Input<'_>, between: Between<'_>, out: &mut [f32], map: Map);
}

/// Memory between the phases, of a batch.
pub(super) struct Between<'a> {
    /// Whole maps.
    pub wide: &'a mut [f32],
    /// Sums of each image's channels.
    pub sums: &'a mut [f32],
    /// `[N, squeezed]`
    pub squeezed: &'a mut [f32],
}
