//! The gradient of a depthwise convolution's weights.
//!
//! ```text
//! sums[tap][c] += Σ_p dout[p][c] · x[p·stride + tap][c]        taps outside the map left out
//! ```

use crate::gather::{Gather, Target};
use crate::simd::{Arch, Kernel, Level, Vector};
use crate::view::floats;

/// Pixels with sums of their own: the chains of dependent additions run side by side.
const TOGETHER: usize = 2;

/// One line of the output's gradient.
pub struct WeightGradient<'a> {
    /// The pixels of `x` that each output pixel saw.
    pub gather: &'a Gather,
    /// The convolution's input, a batch of maps.
    pub x: &'a [f32],
    /// The output's gradient, a batch of maps.
    pub grad: &'a [f32],
    /// Where the grid's pixels are in `grad`.
    pub grad_pixels: Target,
    /// Image of the batch.
    pub image: usize,
    /// Line of the grid.
    pub y: usize,
    /// `[taps, channels]`
    pub sums: &'a mut [f32],
}

impl WeightGradient<'_> {
    /// Adds the line's products, on the calling thread.
    ///
    /// # Panics
    /// When a slice is too short.
    pub fn add(self, level: Level) {
        let gather = self.gather;
        let Gather { channels, grid, taps, stride, .. } = *gather;
        gather.check(self.x, self.image);
        assert!(self.y < grid.0, "a line that does not exist");
        let line = self.grad_pixels.at(self.image, self.y, 0);
        assert!(grid.1 == 0 || line.end(1, grid.1, channels) <= self.grad.len(), "a line past a map's end");
        assert_eq!(self.sums.len(), floats(&[taps.0, taps.1, channels]), "sums of a depthwise convolution");
        match (taps.1, stride) {
            (3, 1) => level.run(Line::<3, 1>(self)),
            (3, 2) => level.run(Line::<3, 2>(self)),
            (5, 1) => level.run(Line::<5, 1>(self)),
            (5, 2) => level.run(Line::<5, 2>(self)),
            (7, 1) => level.run(Line::<7, 1>(self)),
            (7, 2) => level.run(Line::<7, 2>(self)),
            _ => level.run(Line::<0, 0>(self)),
        }
    }
}

/// A line, by blocks of pixels; 0 `TAPS` for one pixel at a time, whatever the taps.
struct Line<'a, const TAPS: usize, const STRIDE: usize>(WeightGradient<'a>);

impl<const TAPS: usize, const STRIDE: usize> Kernel for Line<'_, TAPS, STRIDE> {
    #[inline(always)]
    fn run<A: Arch>(mut self, arch: A) {
        let (gather, lanes) = (self.0.gather, A::V::LANES);
        let (width, channels) = (gather.grid.1, gather.channels);
        let blocks = if TAPS > 0 { gather.interior() } else { 0..0 };
        let whole = channels / lanes * lanes;
        for tap_y in gather.lines(self.0.y) {
            // SAFETY: `WeightGradient::add` has measured the maps, and a block's pixels have
            // all their taps within them.
            unsafe {
                if !blocks.is_empty() {
                    for channel in (0..whole).step_by(lanes) {
                        self.pixels(arch, blocks.start, blocks.end, tap_y, channel);
                    }
                }
                for x in (0..blocks.start).chain(blocks.end..width) {
                    for channel in (0..channels).step_by(lanes) {
                        self.pixel(arch, x, tap_y, channel, lanes.min(channels - channel));
                    }
                }
                if whole < channels {
                    for x in blocks.clone() {
                        self.pixel(arch, x, tap_y, whole, channels - whole);
                    }
                }
            }
        }
    }
}

impl<const TAPS: usize, const STRIDE: usize> Line<'_, TAPS, STRIDE> {
    /// Address of a tap's channel in `x`, for the pixel `x` of the line.
    #[inline(always)]
    fn source(&self, x: usize, tap: (usize, usize), channel: usize) -> *const f32 {
        let gather = self.0.gather;
        let pixel = gather.pixel(self.0.image, (self.0.y, x), tap);
        self.0.x.as_ptr().wrapping_add(pixel * gather.channels + channel)
    }

    /// Address of a pixel's channel in the gradient.
    #[inline(always)]
    fn grad(&self, x: usize, channel: usize) -> *const f32 {
        let pixel = self.0.grad_pixels.at(self.0.image, self.0.y, x).start;
        self.0.grad.as_ptr().wrapping_add(pixel + channel)
    }

    /// Adds the products of pixels whose taps are within the map, for a vector of channels and a line of taps.
    ///
    /// # Safety
    /// The pixels, taps and channels must exist.
    #[inline(always)]
    unsafe fn pixels<A: Arch>(&mut self, arch: A, first: usize, end: usize, tap_y: usize, channel: usize) {
        let (channels, of_grad) = (self.0.gather.channels, self.0.grad_pixels.pixels.row);
        // SAFETY: the caller answers for the pixels, taps and channels.
        unsafe {
            let mut sums = [[arch.splat(0.0); TAPS]; TOGETHER];
            let mut x = self.source(first, (tap_y, 0), channel);
            let mut grad = self.grad(first, channel);
            for _ in 0..(end - first) / TOGETHER {
                for pixel in 0..TOGETHER {
                    let factor = arch.load(grad.add(pixel * of_grad));
                    for tap in 0..TAPS {
                        let value = arch.load(x.add((pixel * STRIDE + tap) * channels));
                        sums[pixel][tap] = value.mul_add(factor, sums[pixel][tap]);
                    }
                }
                x = x.wrapping_add(TOGETHER * STRIDE * channels);
                grad = grad.wrapping_add(TOGETHER * of_grad);
            }
            for pixel in 0..(end - first) % TOGETHER {
                let factor = arch.load(grad.add(pixel * of_grad));
                for tap in 0..TAPS {
                    let value = arch.load(x.add((pixel * STRIDE + tap) * channels));
                    sums[0][tap] = value.mul_add(factor, sums[0][tap]);
                }
            }
            for tap in 0..TAPS {
                let place = self.0.sums.as_mut_ptr().add((tap_y * TAPS + tap) * channels + channel);
                let mut total = arch.load(place);
                for pixel in 0..TOGETHER {
                    total = total.add(sums[pixel][tap]);
                }
                total.store(place);
            }
        }
    }

    /// Adds the products of one pixel, some of whose taps may lie outside, for `count` channels and a line of taps.
    ///
    /// # Safety
    /// The pixel, the taps' line and the channels must exist.
    #[inline(always)]
    unsafe fn pixel<A: Arch>(&mut self, arch: A, x: usize, tap_y: usize, channel: usize, count: usize) {
        let gather = self.0.gather;
        // SAFETY: the caller answers for the pixel and the channels; taps outside the map are left out.
        unsafe {
            let factor = arch.load_first(self.grad(x, channel), count);
            for tap in Gather::inside(gather.start.1, gather.stride, x, gather.taps.1, gather.source.1) {
                let value = arch.load_first(self.source(x, (tap_y, tap), channel), count);
                let place = (tap_y * gather.taps.1 + tap) * gather.channels + channel;
                let place = self.0.sums.as_mut_ptr().add(place);
                value.mul_add(factor, arch.load_first(place, count)).store_first(place, count);
            }
        }
    }
}
