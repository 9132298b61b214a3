//! Matrix products whose left-hand side is a feature map as it lies in memory.
//!
//! A convolution is one product: a row is a window of the map. Over a map with its border of zeros, the window's rows
//! of pixels are runs of contiguous floats, the segments of the depth; nothing is copied.
//!
//! In bf16 a float's place holds two numbers that follow each other ([`crate::narrow`]): the map has half the channels, and
//! everything else is the same.

mod packed;
#[cfg(test)]
mod tests;
mod tile;

use std::marker::PhantomData;

use effnet_spec::Activation;

use super::buffer::Shared;
use crate::simd::{Arch, Kernel, Level};
use crate::view::{Rows, View, ViewMut};
use packed::Numbers;
pub use packed::Packed;
use tile::{Dot, Pair, Place, Shorts, Single, Strip};

/// `out = f(a · weights + bias) + residual`, for some lines of rows and some panels of the weights.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// Right-hand side, `[depth, columns]`, and its bias.
    pub weights: &'a Packed,
    /// Lines of rows.
    pub lines: usize,
    /// Rows of a line.
    pub rows: usize,
    /// First panel of the weights to compute, and one past the last.
    pub panels: (usize, usize),
    /// Left-hand side.
    pub a: View<'a>,
    /// A row is this many runs of equal length, `segment_stride` floats apart.
    pub segments: usize,
    /// Floats from one of a row's runs to the next.
    pub segment_stride: usize,
    /// The product; the first of the panels goes to the start of its rows.
    pub out: ViewMut<'a>,
    /// The map that is added behind the activation.
    pub residual: Option<View<'a>>,
    /// Activation of the sums.
    pub activation: Option<Activation>,
}

impl<'a> Job<'a> {
    /// The whole product of `lines` × `rows` rows of one run each.
    pub fn new(weights: &'a Packed, (lines, rows): (usize, usize), a: View<'a>, out: ViewMut<'a>) -> Self {
        let panels = (0, weights.panels());
        Self { weights, lines, rows, panels, a, segments: 1, segment_stride: 0, out, residual: None, activation: None }
    }

    /// The whole product of `rows` contiguous rows, written one after the other.
    pub fn plain(weights: &'a Packed, a: &'a [f32], rows: usize, out: Shared<'a>) -> Self {
        let a = View::new(a, Rows::contiguous(0, weights.depth()));
        Self::new(weights, (1, rows), a, ViewMut::new(out, Rows::contiguous(0, weights.columns())))
    }

    /// Columns that the panels have.
    fn columns(&self) -> usize {
        (self.panels.1 * self.weights.width()).min(self.weights.columns()) - self.panels.0 * self.weights.width()
    }

    /// Computes it, on the calling thread.
    ///
    /// # Panics
    /// When a slice is too short for the rows in it, or the weights are packed for another level.
    ///
    /// # Safety
    /// While it runs, nobody else may access the rows of `out`, nor write those of `a` and the residual.
    pub unsafe fn run(&self, level: Level) {
        let depth = self.weights.depth();
        assert_eq!(self.weights.lanes(), level.lanes(), "weights packed for another level");
        assert!(self.panels.0 <= self.panels.1 && self.panels.1 <= self.weights.panels(), "panels that do not exist");
        if self.lines == 0 || self.rows == 0 || self.panels.0 == self.panels.1 {
            return;
        }
        let run = depth / self.segments;
        assert_eq!(run * self.segments, depth, "segments of unequal length");
        let reach = Rows::contiguous(0, self.segment_stride).end(1, self.segments, run);
        self.a.check(self.lines, self.rows, reach);
        let columns = self.columns();
        self.out.check(self.lines, self.rows, columns);
        if let Some(residual) = self.residual {
            residual.check(self.lines, self.rows, columns);
        }
        match self.weights.numbers() {
            Numbers::F32 => level.run(Tiles::<Single> { job: self, run, dot: PhantomData }),
            Numbers::Bf16 => level.run_pairs(Tiles::<Pair> { job: self, run, dot: PhantomData }),
            Numbers::Shorts => {
                assert!(self.residual.is_none() && self.activation.is_none(), "integers are stored as they are");
                level.run_pairs(Tiles::<Shorts> { job: self, run, dot: PhantomData });
            }
        }
    }
}

/// Steps of the depth whose part of a panel stays in the L1 cache (16 KiB of a panel two AVX2 vectors wide), beside the
/// rows that stream past it: GotoBLAS's `kc`.
const DEPTH: usize = if cfg!(miri) { 12 } else { 256 };

/// A block of a product's depth, as a tile sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DepthBlock {
    /// Where the first run starts in a row of `a`.
    a: usize,
    /// The step of the panel that it starts with.
    panel: usize,
    /// Runs of the block.
    segments: usize,
    /// Steps of a run.
    run: usize,
}

/// Cuts the depth into blocks of about [`DEPTH`] steps: whole segments, or parts of the only one.
fn depth_blocks(segments: usize, run: usize, segment_stride: usize) -> impl Iterator<Item = DepthBlock> {
    let (units, of_unit) = if segments == 1 { (run, 1) } else { (segments, run) };
    let parts = (units * of_unit).div_ceil(DEPTH + DEPTH / 2).clamp(1, units.max(1));
    (0..parts).map(move |part| {
        let (from, until) = (part * units / parts, (part + 1) * units / parts);
        if segments == 1 {
            DepthBlock { a: from, panel: from, segments: 1, run: until - from }
        } else {
            DepthBlock { a: from * segment_stride, panel: from * run, segments: until - from, run }
        }
    })
}

/// Cuts `rows` into the fewest tiles of at most `most` rows, as equal as can be, as `(count, height)` of the higher tiles
/// and of those that are one row less. A tile of one row takes as long as one of four, which a short last tile would waste.
fn tiles(rows: usize, most: usize) -> [(usize, usize); 2] {
    let count = rows.div_ceil(most).max(1);
    let (less, more) = (rows / count, rows % count);
    [(more, less + 1), (count - more, less)]
}

struct Tiles<'a, 'b, D> {
    job: &'a Job<'b>,
    run: usize,
    dot: PhantomData<D>,
}

impl<D: Dot> Kernel for Tiles<'_, '_, D> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let job = self.job;
        let weights = job.weights;
        let most = A::TILE_ROWS[weights.vectors() - 1];
        let width = weights.width();
        for panel in job.panels.0..job.panels.1 {
            let (values, bias) = weights.panel(panel);
            let column = (panel - job.panels.0) * width;
            for part in depth_blocks(job.segments, self.run, job.segment_stride) {
                for line in 0..job.lines {
                    let mut row = 0;
                    for (count, height) in tiles(job.rows, most) {
                        let place = Place {
                            a: job.a.at(line, row).wrapping_add(part.a),
                            a_row: job.a.rows.row,
                            segments: part.segments,
                            run: part.run,
                            segment_stride: job.segment_stride,
                            panel: values.as_ptr().wrapping_add(part.panel * width),
                            bias: bias.as_ptr(),
                            out: job.out.at(line, row).wrapping_add(column),
                            out_row: job.out.rows.row,
                            residual: job
                                .residual
                                .map_or(std::ptr::null(), |view| view.at(line, row).wrapping_add(column)),
                            residual_row: job.residual.map_or(0, |view| view.rows.row),
                            columns: width.min(weights.columns() - panel * width),
                            activation: job.activation,
                            first: part.panel == 0,
                            last: part.panel + part.segments * part.run == weights.depth(),
                        };
                        if count > 0 {
                            // SAFETY: `Job::run` has measured the rows of `a`, of `out` and of the residual (1, 3, 4); a
                            // packed panel has `depth` rows of its width, and its bias one (2).
                            unsafe { strip::<A, D>(arch, place, count, height, weights.vectors()) }
                        }
                        row += count * height;
                    }
                }
            }
        }
    }
}

/// Runs `tiles` tiles of so many rows and vectors.
///
/// # Safety
/// As [`Strip::new`].
#[inline(always)]
unsafe fn strip<A: Arch, D: Dot>(arch: A, place: Place, tiles: usize, rows: usize, vectors: usize) {
    macro_rules! dispatch {
        ($($vectors:literal: $($rows:literal)*;)*) => {
            match (vectors, rows) {
                // The condition keeps instances from being compiled that a level never uses.
                $($(($vectors, $rows) => if const { $rows <= A::TILE_ROWS[$vectors - 1] } {
                    // SAFETY: the caller answers for what the place lists.
                    arch.outline(unsafe { Strip::<D, $rows, $vectors>::new(place, tiles) });
                },)*)*
                _ => unreachable!("a tile of {rows} rows and {vectors} vectors"),
            }
        };
    }
    dispatch! {
        1: 1 2 3 4 5 6 7 8 9 10 11 12;
        2: 1 2 3 4 5 6 7 8 9 10 11 12;
        3: 1 2 3 4 5 6 7 8;
    }
}
