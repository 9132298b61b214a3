//! Sums of outer products over pixels: the weight gradient of a convolution.
//!
//! ```text
//! out[r][c] += Σ_p a[p][r] · b[p][c]
//! ```
//!
//! Both sides are packed into strips as wide as a tile is high or wide, whole pixels at a time: in a map, those of one
//! strip lie so far apart that no prefetcher follows and few sets of the L1 cache hold them.

#[cfg(test)]
mod tests;

use crate::simd::{Arch, Kernel, Level, Unaligned, Vector};
use crate::view::{Rows, View, ViewMut, floats};

/// Vectors of a tile.
const VECTORS: usize = 2;

/// Rows of the highest tile that is compiled.
const MOST_ROWS: usize = 12;

/// Pixels of which a strip of `b`, 12 KiB at AVX2, stays in the L1 cache.
pub const PIXELS: usize = 192;

/// Pixels that are packed together: a strip is written in runs of as many rows.
const TOGETHER: usize = 8;

/// Floats of a strip of `b` that belong to a pixel.
pub fn width(level: Level) -> usize {
    VECTORS * level.lanes()
}

/// Floats of a strip of `a` that belong to a pixel.
pub fn height(level: Level) -> usize {
    level.tile_rows(VECTORS)
}

/// [`width`] of a kernel's level.
pub(super) const fn width_of<A: Arch>() -> usize {
    VECTORS * A::V::LANES
}

/// [`height`] of a kernel's level: at most its lanes.
pub(super) const fn height_of<A: Arch>() -> usize {
    A::TILE_ROWS[VECTORS - 1]
}

/// Some floats of each of some pixels.
#[derive(Clone, Copy)]
pub struct Columns<'a> {
    /// A row for each pixel.
    pub source: View<'a>,
    /// How many pixels.
    pub pixels: usize,
    /// Floats of a pixel.
    pub count: usize,
}

impl Columns<'_> {
    /// Copies them into strips of `a`, `[strip][stride][height]`, from pixel `at` of the stride on. The last strip is
    /// filled up with zeros.
    pub fn strips_of_a(self, level: Level, to: &mut [f32], stride: usize, at: usize) {
        level.run(Pack { columns: self, to, stride, at, of_a: true });
    }

    /// Copies them into strips of `b`, `[strip][stride][width]`, likewise.
    pub fn strips_of_b(self, level: Level, to: &mut [f32], stride: usize, at: usize) {
        level.run(Pack { columns: self, to, stride, at, of_a: false });
    }
}

struct Pack<'a> {
    columns: Columns<'a>,
    to: &'a mut [f32],
    stride: usize,
    at: usize,
    of_a: bool,
}

impl Kernel for Pack<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, _: A) {
        // Each width is known where it is compiled for, so that a copy is a few moves.
        if self.of_a {
            self.cut(height_of::<A>());
        } else {
            self.cut(width_of::<A>());
        }
    }
}

impl Pack<'_> {
    #[inline(always)]
    fn cut(self, width: usize) {
        let Columns { source: View { data, rows: Rows { start, row: pixel, .. } }, pixels, count } = self.columns;
        for from in (0..pixels).step_by(TOGETHER) {
            let rows = from..(from + TOGETHER).min(pixels);
            for (strip, first) in (0..count).step_by(width).enumerate() {
                let to = &mut self.to[(strip * self.stride + self.at + from) * width..][..rows.len() * width];
                let source = &data[start + from * pixel + first..];
                for (at, to) in to.chunks_exact_mut(width).enumerate() {
                    if first + width <= count {
                        to.copy_from_slice(&source[at * pixel..][..width]);
                    } else {
                        let (values, rest) = to.split_at_mut(count - first);
                        values.copy_from_slice(&source[at * pixel..][..count - first]);
                        rest.fill(0.0);
                    }
                }
            }
        }
    }
}

/// A block of sums.
pub struct Outer<'a> {
    /// Pixels to sum over.
    pub pixels: usize,
    /// `[strips, pixels, height]`
    pub a: &'a [f32],
    /// `[strips, pixels, width]`
    pub b: &'a [f32],
    /// Rows of the block.
    pub rows: usize,
    /// Columns of the block.
    pub columns: usize,
    /// The sums.
    pub out: ViewMut<'a>,
    /// Whether the products are added to what `out` holds, else they are written over it.
    pub add: bool,
}

impl Outer<'_> {
    /// Computes it, on the calling thread.
    ///
    /// # Panics
    /// When a slice is too short.
    ///
    /// # Safety
    /// While it runs, nobody else may access these rows and columns of `out`.
    pub unsafe fn run(&self, level: Level) {
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        for (strips, count, of, what) in
            [(self.a, self.rows, height(level), "a"), (self.b, self.columns, width(level), "b")]
        {
            assert!(strips.len() >= floats(&[count.div_ceil(of), of, self.pixels]), "size of the strips of {what}");
        }
        self.out.check(1, self.rows, self.columns);
        level.run(Tiles(self));
    }
}

struct Tiles<'a, 'b>(&'a Outer<'b>);

impl Kernel for Tiles<'_, '_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let job = self.0;
        let (height, width) = (height_of::<A>(), width_of::<A>());
        for column in (0..job.columns).step_by(width) {
            for row in (0..job.rows).step_by(height) {
                tile_of(arch, job, (row, column), height.min(job.rows - row));
            }
        }
    }
}

/// Runs the tile of `rows` rows whose first sum is `first`.
#[inline(always)]
fn tile_of<A: Arch>(arch: A, job: &Outer<'_>, first: (usize, usize), rows: usize) {
    macro_rules! dispatch {
        ($($rows:literal)*) => {
            match rows {
                // The condition keeps instances from being compiled that a level never uses.
                $($rows => if const { $rows <= A::TILE_ROWS[VECTORS - 1] } {
                    arch.outline(Tile::<$rows> { job, first });
                },)*
                _ => unreachable!("a tile of {rows} rows"),
            }
        };
    }
    dispatch!(1 2 3 4 5 6 7 8 9 10 11 12)
}

/// `ROWS` rows and a strip's columns of the block, from `first` on.
struct Tile<'a, 'b, const ROWS: usize> {
    job: &'a Outer<'b>,
    first: (usize, usize),
}

impl<const ROWS: usize> Kernel for Tile<'_, '_, ROWS> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let (job, lanes) = (self.job, A::V::LANES);
        let (row, column) = self.first;
        let (height, width) = (height_of::<A>(), width_of::<A>());
        // SAFETY: `Outer::run` has measured every extent: `pixels` rows of each strip, and `rows` rows of `columns` sums. The
        // tile starts a strip of each side.
        unsafe {
            let mut sums = [[arch.splat(0.0); VECTORS]; ROWS];
            let mut a = job.a.as_ptr().add(row * job.pixels);
            let mut b = job.b.as_ptr().add(column * job.pixels);
            let mut left = job.pixels;
            if const { A::BY_ELEMENT } {
                // As many loads as the strip is high read its floats of four pixels.
                for _ in 0..left / 4 {
                    let mut floats = [[arch.splat(0.0); 4]; MOST_ROWS];
                    for i in 0..height {
                        floats[i] = arch.splat_four(a.add(4 * i));
                    }
                    for pixel in 0..4 {
                        let from = b.add(pixel * width);
                        let vectors = [arch.load(from), arch.load(from.add(lanes))];
                        for r in 0..ROWS {
                            let at = pixel * height + r;
                            for v in 0..VECTORS {
                                sums[r][v] = floats[at / 4][at % 4].mul_add(vectors[v], sums[r][v]);
                            }
                        }
                    }
                    a = a.wrapping_add(4 * height);
                    b = b.wrapping_add(4 * width);
                }
                left %= 4;
            }
            for _ in 0..left {
                let vectors = [arch.load(b), arch.load(b.add(lanes))];
                for r in 0..ROWS {
                    let x = arch.splat(*a.add(r));
                    for v in 0..VECTORS {
                        sums[r][v] = x.mul_add(vectors[v], sums[r][v]);
                    }
                }
                a = a.wrapping_add(height);
                b = b.wrapping_add(width);
            }
            let (out, out_row) = (job.out.at(0, row).wrapping_add(column), job.out.rows.row);
            let columns = (job.columns - column).min(width);
            if columns == width {
                // Loops without a question in them are unrolled, which keeps the sums in registers throughout.
                if job.add {
                    for r in 0..ROWS {
                        for v in 0..VECTORS {
                            sums[r][v] = sums[r][v].add(arch.load(out.wrapping_add(r * out_row + v * lanes)));
                        }
                    }
                }
                for r in 0..ROWS {
                    for v in 0..VECTORS {
                        sums[r][v].store(out.wrapping_add(r * out_row + v * lanes));
                    }
                }
                return;
            }
            let mut copy = Unaligned::<[[A::V; VECTORS]; ROWS]>::uninit();
            let copy = copy.as_mut_ptr().cast::<f32>();
            for r in 0..ROWS {
                for v in 0..VECTORS {
                    sums[r][v].store(copy.add((r * VECTORS + v) * lanes));
                }
            }
            let sums = std::slice::from_raw_parts(copy, ROWS * width);
            for (r, sums) in sums.chunks_exact(width).enumerate() {
                for (column, sum) in sums[..columns].iter().enumerate() {
                    let place = out.wrapping_add(r * out_row + column);
                    *place = if job.add { *place + sum } else { *sum };
                }
            }
        }
    }
}
