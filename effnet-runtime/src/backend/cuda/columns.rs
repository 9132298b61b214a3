//! Grids of the kernels that pass over matrices `[rows, channels]`: the host side of `columns.cuh`.

use candle_core::Tensor;

use super::launch::{Grid, THREADS};
use super::view::Element;

/// Packs of channels that a block spans at most: with packs of 16 bytes, rows of 512 bytes.
const ACROSS: usize = 32;

/// Each lane has a multiple of this many rows, which is a multiple of those that a kernel asks for at a time: what
/// belongs to a channel is read once for them.
const ROWS_OF_LANE: usize = 8;

/// Blocks of a grid, where rows allow it: several times what the largest GPUs hold at a time.
const BLOCKS: usize = 2048;

/// Blocks of a grid whose results are joined, so that there are not too many to join: on an H100 as fast.
const SUMMING: usize = 1056;

/// Channels side by side, and lanes, of a block that joins what other blocks left: their parts are few and narrow.
const ACROSS_JOIN: usize = 8;

/// How a map of images, each `[rows, channels]`, is cut among blocks: by its shape alone, so that sums keep their bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    pub images: usize,
    pub rows: usize,
    pub channels: usize,
    /// Rows that a block passes over.
    pub rows_of_block: usize,
    /// Blocks of an image's rows.
    pub blocks: usize,
    pack: usize,
    across: usize,
    /// Lanes of a block.
    pub lanes: usize,
}

impl Columns {
    /// Rows cut into as many blocks as keep a GPU busy; `pack` neighbouring channels a thread.
    pub(crate) fn new(images: usize, rows: usize, channels: usize, pack: usize) -> Self {
        Self::cut(images, rows, channels, pack, BLOCKS)
    }

    /// As [`Columns::new`], for a sum over rows: its first half.
    pub(crate) fn summing(images: usize, rows: usize, channels: usize, pack: usize) -> Self {
        Self::cut(images, rows, channels, pack, SUMMING)
    }

    fn cut(images: usize, rows: usize, channels: usize, pack: usize, blocks: usize) -> Self {
        let packs = channels.div_ceil(pack).max(1);
        let tiles = packs.div_ceil(ACROSS);
        let across = packs.div_ceil(tiles);
        let lanes = (THREADS / across).min(rows.next_power_of_two());
        let blocks = (blocks / (images * tiles).max(1)).max(1);
        let rows_of_block = rows.div_ceil(blocks).next_multiple_of(lanes * ROWS_OF_LANE);
        let blocks = rows.div_ceil(rows_of_block).max(1);
        Self { images, rows, channels, rows_of_block, blocks, pack, across, lanes }
    }

    /// All rows of an image in one block: the second half of a sum whose first half left `rows` parts.
    pub(crate) fn joining(images: usize, rows: usize, channels: usize) -> Self {
        let lanes = (THREADS / ACROSS_JOIN).min(rows.next_power_of_two());
        Self { images, rows, channels, rows_of_block: rows, blocks: 1, pack: 1, across: ACROSS_JOIN, lanes }
    }

    /// The grid, with shared memory of `floats` for each of a thread's channels and `more` bytes.
    pub(crate) fn grid(&self, floats: usize, more: usize) -> Grid {
        let tiles = self.channels.div_ceil(self.pack * self.across);
        Grid {
            blocks: (self.images * self.blocks, tiles, 1),
            threads: (self.across, self.lanes, 1),
            shared: floats * self.pack * size_of::<f32>() * self.across * self.lanes + more,
        }
    }

    /// Elements of the map.
    pub(crate) fn elements(&self) -> usize {
        self.images * self.rows * self.channels
    }

    /// The kernel `name`, or its form for packs of 16 bytes.
    pub(crate) fn kernel(&self, name: &str) -> String {
        if self.pack == 1 { name.to_owned() } else { format!("{name}_wide") }
    }
}

/// How many channels a thread can take at a time: 16 bytes where the channels are packs of those and the maps start at
/// one.
pub(crate) fn pack(element: Element, channels: usize, maps: &[&Tensor]) -> usize {
    let pack = 16 / element.bytes();
    let fits = |map: &&Tensor| map.layout().start_offset().is_multiple_of(pack);
    if channels.is_multiple_of(pack) && maps.iter().all(fits) { pack } else { 1 }
}
