//! Depthwise convolution of a plane of a few channels, with bias, activation and the sums that squeeze-and-excitation
//! wants.
//!
//! ```text
//! out[p][c] = f(bias[c] + Σ_tap x[p·stride + tap][c] · w[tap][c])
//! sums[c]  += Σ_p out[p][c]
//! ```
//!
//! A plane holds [`CHANNELS`] channels of all pixels: so few that it stays in a core's cache, and that the pixels of a
//! column do not fall into the same sets of it, as those of a map with 512 channels do.

use effnet_spec::Activation;

use super::line_of_taps;
use crate::Precision;
use crate::activation::{Function, with_function};
use crate::simd::{Arch, FEWEST_LANES, Kernel, Level, MOST_LANES, Vector};
use crate::view::{Rows, floats};

/// Channels of a plane: whole vectors at every level.
pub const CHANNELS: usize = MOST_LANES;

/// A plane to filter.
pub struct Plane<'a> {
    /// Side of the filter, in pixels.
    pub kernel: usize,
    /// Pixels from one window to the next.
    pub stride: usize,
    /// Pixels `[height, width, CHANNELS]` with their border, so that every window lies within.
    pub x: &'a [f32],
    /// Pixels of a line of `x`.
    pub x_width: usize,
    /// `[kernel · kernel, CHANNELS]`
    pub weight: &'a [f32],
    /// `[CHANNELS]`
    pub bias: &'a [f32],
    /// Height and width of the output.
    pub size: (usize, usize),
    /// `[height, width, CHANNELS]`
    pub out: &'a mut [f32],
    /// `[CHANNELS]`; the output's sums over the pixels are written here.
    pub sums: &'a mut [f32],
    /// Activation of the output.
    pub activation: Option<Activation>,
    /// Precision of the reader: activations are as exact as it needs.
    pub precision: Precision,
}

impl Plane<'_> {
    /// Filters it, on the calling thread.
    ///
    /// # Panics
    /// When a slice has another size, the side of the filter is not 3, 5 or 7, or the stride not 1 or 2.
    pub fn run(self, level: Level) {
        let (height, width) = self.size;
        if height == 0 || width == 0 {
            return self.sums.fill(0.0);
        }
        let reach = |windows| Rows::contiguous(0, self.stride).end(1, windows, self.kernel);
        assert!(reach(width) <= self.x_width, "windows past a line's end");
        assert!(floats(&[reach(height), self.x_width, CHANNELS]) <= self.x.len(), "windows past a plane's end");
        assert_eq!(self.weight.len(), floats(&[self.kernel, self.kernel, CHANNELS]), "weights of a plane");
        assert_eq!((self.bias.len(), self.sums.len()), (CHANNELS, CHANNELS), "bias and sums of a plane");
        assert_eq!(self.out.len(), floats(&[height, width, CHANNELS]), "size of a plane");
        let precision = self.precision;
        match (self.kernel, self.stride) {
            (3, 1) => level.run_in(precision, Filter::<3, 1>(self)),
            (3, 2) => level.run_in(precision, Filter::<3, 2>(self)),
            (5, 1) => level.run_in(precision, Filter::<5, 1>(self)),
            (5, 2) => level.run_in(precision, Filter::<5, 2>(self)),
            (7, 1) => level.run_in(precision, Filter::<7, 1>(self)),
            (7, 2) => level.run_in(precision, Filter::<7, 2>(self)),
            (kernel, stride) => panic!("no kernel for a {kernel}×{kernel} filter of stride {stride}"),
        }
    }
}

struct Filter<'a, const KERNEL: usize, const STRIDE: usize>(Plane<'a>);

impl<const KERNEL: usize, const STRIDE: usize> Kernel for Filter<'_, KERNEL, STRIDE> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        /// Output pixels whose sums are in registers at once.
        const TOGETHER: usize = 4;
        let mut plane = self.0;
        let out = std::mem::take(&mut plane.out);
        let width = plane.size.1;
        plane.sums.fill(0.0);
        for (y, row) in out.chunks_exact_mut(width * CHANNELS).enumerate() {
            let top = y * STRIDE * plane.x_width * CHANNELS;
            for channel in (0..CHANNELS).step_by(A::V::LANES) {
                let mut x = 0;
                // SAFETY: `Plane::run` has measured that every window of the row's pixels lies within `x`, and the sizes
                // of the others.
                unsafe {
                    while x + TOGETHER <= width {
                        pixels::<A, KERNEL, STRIDE, TOGETHER>(arch, &plane, top, row, x, channel);
                        x += TOGETHER;
                    }
                    while x < width {
                        pixels::<A, KERNEL, STRIDE, 1>(arch, &plane, top, row, x, channel);
                        x += 1;
                    }
                }
            }
            with_function!(plane.activation, F => {
                F::values(arch, row);
            });
            // SAFETY: the row's pixels and the sums have `CHANNELS` floats each.
            unsafe { add_pixels(arch, row, plane.sums) }
        }
    }
}

/// The sums of `COUNT` pixels of a row, from pixel `first` on, for a vector of channels.
///
/// # Safety
/// The plane must hold the windows of these pixels, from the row `top` on, and `row` the pixels.
#[inline(always)]
unsafe fn pixels<A: Arch, const KERNEL: usize, const STRIDE: usize, const COUNT: usize>(
    arch: A,
    plane: &Plane<'_>,
    top: usize,
    row: &mut [f32],
    first: usize,
    channel: usize,
) {
    // SAFETY: the caller answers for the windows and the pixels; weights and bias have whole vectors of channels.
    unsafe {
        let mut sums = [arch.load(plane.bias.as_ptr().add(channel)); COUNT];
        for tap_y in 0..KERNEL {
            let x = plane.x.as_ptr().add(top + (tap_y * plane.x_width + first * STRIDE) * CHANNELS + channel);
            let weight = plane.weight.as_ptr().add(tap_y * KERNEL * CHANNELS + channel);
            line_of_taps::<A, KERNEL, STRIDE, COUNT>(arch, &mut sums, x, weight, CHANNELS);
        }
        for pixel in 0..COUNT {
            sums[pixel].store(row.as_mut_ptr().add((first + pixel) * CHANNELS + channel));
        }
    }
}

/// Adds each pixel of a row to the sums. Explicit vectors: LLVM splits an array of 32 sums into scalars and spills them.
///
/// # Safety
/// The row must hold whole pixels, and there must be [`CHANNELS`] sums.
#[inline(always)]
unsafe fn add_pixels<A: Arch>(arch: A, row: &[f32], sums: &mut [f32]) {
    let (lanes, vectors) = (A::V::LANES, CHANNELS / A::V::LANES);
    // SAFETY: the caller answers for whole pixels and as many sums.
    unsafe {
        let mut totals = [arch.splat(0.0); CHANNELS / FEWEST_LANES];
        for v in 0..vectors {
            totals[v] = arch.load(sums.as_ptr().add(v * lanes));
        }
        for pixel in row.chunks_exact(CHANNELS) {
            for v in 0..vectors {
                totals[v] = totals[v].add(arch.load(pixel.as_ptr().add(v * lanes)));
            }
        }
        for v in 0..vectors {
            totals[v].store(sums.as_mut_ptr().add(v * lanes));
        }
    }
}

#[cfg(test)]
mod tests;
