//! Transforms products into pixels: the last of Winograd's three steps.

use std::marker::PhantomData;

use super::transform::{self, WINDOW};
use super::{Job, TILE};
use crate::activation::Function;
use crate::simd::{Arch, Kernel, Vector, lanes_of};
use crate::view::Rows;

/// The sums of the products: floats, or integers.
pub(super) trait Sums {
    /// Numbers of a plane.
    ///
    /// # Safety
    /// `from` must be valid for reading a vector.
    unsafe fn load<A: Arch>(&self, arch: A, from: *const f32, plane: usize) -> A::V;

    /// A bias added to results for output channels from `channel` on.
    ///
    /// # Safety
    /// There must be such channels, the first of which is a multiple of a vector's lanes.
    unsafe fn add<A: Arch>(&self, arch: A, values: A::V, bias: A::V, channel: usize) -> A::V;
}

pub(super) struct Floats;

impl Sums for Floats {
    #[inline(always)]
    unsafe fn load<A: Arch>(&self, arch: A, from: *const f32, _: usize) -> A::V {
        // SAFETY: the caller answers for a vector.
        unsafe { arch.load(from) }
    }

    #[inline(always)]
    unsafe fn add<A: Arch>(&self, _: A, values: A::V, bias: A::V, _: usize) -> A::V {
        values.add(bias)
    }
}

/// Transforms products into pixels.
pub(super) struct Output<'a, 'b, S, F> {
    pub job: &'a Job<'b>,
    pub products: &'a [f32],
    pub product: usize,
    /// Channels of the chunk, and the first of them.
    pub width: usize,
    pub first: usize,
    pub sums: S,
    pub function: PhantomData<F>,
}

impl<S: Sums, F: Function> Kernel for Output<'_, '_, S, F> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let job = self.job;
        let lanes = A::V::LANES;
        let end = job.weights.out_channels.min(self.first + self.width);
        let mut pixels = [arch.splat(0.0); TILE * TILE];
        let pixels = lanes_of(&mut pixels);
        for tile in 0..job.tiles.0 * job.tiles.1 {
            let (row, column) = (tile / job.tiles.1 * TILE, tile % job.tiles.1 * TILE);
            for channel in (self.first..end).step_by(lanes) {
                let count = lanes.min(end - channel);
                // SAFETY: `products` holds `PLANES` products of `tiles` rows of `width` floats, a multiple of the lanes; the
                // bias is as long as the channels, rounded up; `Job::run` has measured that pixels below `size` lie
                // within the output and the residual.
                unsafe {
                    let zero = arch.splat(0.0);
                    let products = self.products.as_ptr().add(tile * self.width + channel - self.first);
                    let mut rows = [[zero; TILE]; WINDOW];
                    for y in 0..WINDOW {
                        let mut m = [zero; WINDOW];
                        for x in 0..WINDOW {
                            let plane = y * WINDOW + x;
                            m[x] = self.sums.load(arch, products.add(plane * self.product), plane);
                        }
                        rows[y] = transform::output(m);
                    }
                    let bias = arch.load(job.weights.bias.as_ptr().add(channel));
                    for x in 0..TILE {
                        let mut m = [zero; WINDOW];
                        for y in 0..WINDOW {
                            m[y] = rows[y][x];
                        }
                        let values = transform::output(m);
                        for y in 0..TILE {
                            self.sums
                                .add(arch, values[y], bias, channel)
                                .store(pixels.as_mut_ptr().add((y * TILE + x) * lanes));
                        }
                    }
                    F::values(arch, pixels);
                    let results = Results {
                        pixels: pixels.as_ptr(),
                        out: job.out.at(row, column).wrapping_add(channel),
                        out_rows: job.out.rows,
                        residual: job.residual.map(|map| (map.at(row, column).wrapping_add(channel), map.rows)),
                    };
                    let size = (TILE.min(job.size.0.saturating_sub(row)), TILE.min(job.size.1.saturating_sub(column)));
                    if size == (TILE, TILE) && count == lanes {
                        results.store(arch, (TILE, TILE), lanes);
                    } else {
                        results.store(arch, size, count);
                    }
                }
            }
        }
    }
}

/// A tile's results for a vector of channels, and where they go.
struct Results {
    /// `[TILE, TILE, lanes]`
    pixels: *const f32,
    /// The first pixel's first channel in the output, and the output's pixels.
    out: *mut f32,
    out_rows: Rows,
    /// The same of what is added.
    residual: Option<(*const f32, Rows)>,
}

impl Results {
    /// Stores the first `count` channels of `size` pixels.
    ///
    /// # Safety
    /// These pixels and channels must exist in the output and the residual.
    #[inline(always)]
    unsafe fn store<A: Arch>(&self, arch: A, size: (usize, usize), count: usize) {
        let lanes = A::V::LANES;
        for y in 0..size.0 {
            for x in 0..size.1 {
                let at = |rows: &Rows| y * rows.line + x * rows.row;
                // SAFETY: the caller answers for these pixels and channels.
                unsafe {
                    let mut value = arch.load(self.pixels.add((y * TILE + x) * lanes));
                    if let Some((residual, rows)) = &self.residual {
                        value = value.add(arch.load_some(residual.add(at(rows)), count));
                    }
                    value.store_some(self.out.add(at(&self.out_rows)), count);
                }
            }
        }
    }
}
