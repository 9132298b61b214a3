//! Sums of outer products over pixels: the weight gradient of a convolution.
//!
//! ```text
//! out[r][c] += Σ_p a[p][r] · b[p][c]
//! ```
//!
//! `a` is read as it lies, rows of pixels; `b` is packed into panels as wide as a tile, since each is read once for every
//! few rows of the result.

#[cfg(test)]
mod tests;

use super::buffer::Shared;
use crate::simd::{Arch, Kernel, Level, Vector};

/// Vectors of a panel.
const VECTORS: usize = 2;

/// Pixels whose part of a panel, and of as many rows of `a`, stay in the L1 cache.
pub(crate) const PIXELS: usize = 128;

/// Floats of a panel's row at a level.
pub(crate) fn width(level: Level) -> usize {
    VECTORS * level.lanes()
}

/// Copies `columns` floats of each of `pixels` rows, `row` floats apart from `start` on, into a panel.
pub(crate) fn pack(source: &[f32], start: usize, row: usize, columns: usize, panel: &mut [f32], width: usize) {
    for (pixel, to) in panel.chunks_exact_mut(width).enumerate() {
        to[..columns].copy_from_slice(&source[start + pixel * row..][..columns]);
        to[columns..].fill(0.0);
    }
}

/// One panel's sums.
pub(crate) struct Outer<'a> {
    pub pixels: usize,
    pub a: &'a [f32],
    /// Where the first pixel's first row is, and floats between pixels.
    pub a_start: usize,
    pub a_pixel: usize,
    /// Rows of the result.
    pub rows: usize,
    /// `[pixels, width]`
    pub panel: &'a [f32],
    pub out: Shared<'a>,
    /// Where the first sum is, and floats between rows.
    pub out_start: usize,
    pub out_row: usize,
    /// Columns of the result, at most the panel's width.
    pub columns: usize,
}

impl Outer<'_> {
    /// Adds to `out`, on the calling thread.
    ///
    /// # Panics
    /// When a slice is too short.
    ///
    /// # Safety
    /// While it runs, nobody else may access these rows and columns of `out`.
    pub(crate) unsafe fn run(&self, level: Level) {
        if self.pixels == 0 || self.rows == 0 || self.columns == 0 {
            return;
        }
        assert!(self.columns <= width(level) && self.panel.len() >= self.pixels * width(level), "size of a panel");
        assert!(self.a_start + (self.pixels - 1) * self.a_pixel + self.rows <= self.a.len(), "pixels past a map's end");
        assert!(self.out_start + (self.rows - 1) * self.out_row + self.columns <= self.out.len(), "sums past the end");
        level.run(Tiles(self));
    }
}

struct Tiles<'a, 'b>(&'a Outer<'b>);

impl Kernel for Tiles<'_, '_> {
    #[inline(always)]
    fn run<A: Arch>(self) {
        let job = self.0;
        let most = A::TILE_ROWS[VECTORS - 1];
        let mut row = 0;
        while row < job.rows {
            let count = most.min(job.rows - row);
            // SAFETY: this is the instance for `A`; `Outer::run` has measured that the rows from `row` on exist.
            unsafe { tile_of::<A>(job, row, count) }
            row += count;
        }
    }
}

/// Runs the tile of so many rows.
///
/// # Safety
/// As of [`Arch::outline`]; the rows must exist.
#[inline(always)]
unsafe fn tile_of<A: Arch>(job: &Outer<'_>, first: usize, rows: usize) {
    macro_rules! dispatch {
        ($($rows:literal)*) => {
            match rows {
                // SAFETY: the caller's promise. The condition keeps instances from being compiled that a level never uses.
                $($rows => unsafe {
                    if const { $rows <= A::TILE_ROWS[VECTORS - 1] } { A::outline(Tile::<$rows> { job, first }) }
                },)*
                _ => unreachable!("a tile of {rows} rows"),
            }
        };
    }
    dispatch!(1 2 3 4 5 6 7 8 9 10 11 12)
}

/// `ROWS` rows of the result.
struct Tile<'a, 'b, const ROWS: usize> {
    job: &'a Outer<'b>,
    first: usize,
}

impl<const ROWS: usize> Kernel for Tile<'_, '_, ROWS> {
    #[inline(always)]
    fn run<A: Arch>(self) {
        let (job, lanes) = (self.job, A::V::LANES);
        let whole = job.columns == VECTORS * lanes;
        // SAFETY: `Outer::run` has measured every extent: `pixels` rows of `a` from `a_start` on that reach `rows` floats, as
        // many of the panel, and `rows` rows of `columns` sums.
        unsafe {
            let mut sums = [[A::V::splat(0.0); VECTORS]; ROWS];
            let mut a = job.a.as_ptr().add(job.a_start + self.first);
            let mut panel = job.panel.as_ptr();
            for _ in 0..job.pixels {
                let b = [A::V::load(panel), A::V::load(panel.add(lanes))];
                for r in 0..ROWS {
                    let x = A::V::splat(*a.add(r));
                    for v in 0..VECTORS {
                        sums[r][v] = x.mul_add(b[v], sums[r][v]);
                    }
                }
                a = a.wrapping_add(job.a_pixel);
                panel = panel.wrapping_add(VECTORS * lanes);
            }
            let out = job.out.at(job.out_start);
            for r in 0..ROWS {
                for v in 0..VECTORS {
                    let count = job.columns.saturating_sub(v * lanes).min(lanes);
                    let place = out.wrapping_add((self.first + r) * job.out_row + v * lanes);
                    if whole {
                        A::V::load(place).add(sums[r][v]).store(place);
                    } else {
                        A::V::load_first(place, count).add(sums[r][v]).store_first(place, count);
                    }
                }
            }
        }
    }
}
