//! Sums over the pixels of each image.

use std::ops::Range;

use effnet_kernels::simd::{Arch, Kernel, Level};
use effnet_kernels::threads;

use super::matmul::column_sums;
use super::source::Source;

/// Pixels of one part of an image's sum.
const PART: usize = 256;

/// `Σ_pixel x` for each image and channel: `[batch, channels]` of `x` = `[batch, pixels, channels]`.
pub(crate) fn sums(level: Level, x: Source<'_>, batch: usize) -> Vec<f32> {
    in_parts(x, batch, |range, sum| x.for_each_run(level, range, |_, x| level.run(Sum { x, sum })))
}

/// `Σ_pixel x · y` for each image and channel.
pub(crate) fn products(level: Level, x: Source<'_>, y: &[f32], batch: usize) -> Vec<f32> {
    let channels = x.channels();
    in_parts(x, batch, |range, sum| {
        x.for_each_run(level, range, |range, x| {
            level.run(Product { x, y: &y[range.start * channels..range.end * channels], sum });
        });
    })
}

/// Cuts every image into parts by its size, sums each's pixels, and adds the parts in their order.
fn in_parts(x: Source<'_>, batch: usize, sum: impl Fn(Range<usize>, &mut [f32]) + Sync) -> Vec<f32> {
    let (pixels, channels) = (x.pixels() / batch, x.channels());
    let parts = pixels.div_ceil(PART);
    let mut partial = vec![0f32; batch * parts * channels];
    threads::current().for_each_chunk(&mut partial, channels, |at, out| {
        let (image, part) = (at / parts, at % parts);
        let start = image * pixels + part * PART;
        let end = (start + PART).min((image + 1) * pixels);
        sum(start..end, out);
    });
    partial.chunks_exact(parts * channels).flat_map(|parts| column_sums(parts, channels)).collect()
}

struct Sum<'a> {
    x: &'a [f32],
    sum: &'a mut [f32],
}

impl Kernel for Sum<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, _: A) {
        for row in self.x.chunks_exact(self.sum.len()) {
            for (sum, x) in self.sum.iter_mut().zip(row) {
                *sum += x;
            }
        }
    }
}

struct Product<'a> {
    x: &'a [f32],
    y: &'a [f32],
    sum: &'a mut [f32],
}

impl Kernel for Product<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let channels = self.sum.len();
        for (x, y) in self.x.chunks_exact(channels).zip(self.y.chunks_exact(channels)) {
            for ((sum, x), y) in self.sum.iter_mut().zip(x).zip(y) {
                *sum = arch.mul_add(*x, *y, *sum);
            }
        }
    }
}
