//! Depthwise convolution: every channel by itself.

mod map;
mod plane;
#[cfg(test)]
mod tests;
mod weight_gradient;

use crate::simd::{Arch, Vector};
pub use map::Filter;
pub use plane::{CHANNELS, Plane};
pub use weight_gradient::WeightGradient;

/// Adds one line of taps to the sums of `COUNT` pixels next to each other, for a vector of channels: `x` is the first
/// pixel's first tap and `weight` its weight, `channels` floats from one pixel, and one tap, to the next.
///
/// # Safety
/// The pixels and weights must exist.
#[inline(always)]
unsafe fn line_of_taps<A: Arch, const TAPS: usize, const STRIDE: usize, const COUNT: usize>(
    arch: A,
    sums: &mut [A::V; COUNT],
    x: *const f32,
    weight: *const f32,
    channels: usize,
) {
    // SAFETY: the caller answers for the pixels and weights.
    unsafe {
        let mut taps = [arch.splat(0.0); TAPS];
        for tap in 0..TAPS {
            taps[tap] = arch.load(weight.add(tap * channels));
        }
        for at in 0..(COUNT - 1) * STRIDE + TAPS {
            let value = arch.load(x.add(at * channels));
            for pixel in 0..COUNT {
                if at >= pixel * STRIDE && at - pixel * STRIDE < TAPS {
                    sums[pixel] = value.mul_add(taps[at - pixel * STRIDE], sums[pixel]);
                }
            }
        }
    }
}
