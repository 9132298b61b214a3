//! Depthwise convolution of a map as it lies.
//!
//! ```text
//! out[p][c] = Σ_tap x[p·stride + tap][c] · w[tap][c]        taps outside the map left out
//! ```

use super::line_of_taps;
use crate::buffer::Shared;
use crate::cut::Area;
use crate::gather::{Gather, Target};
use crate::simd::{Arch, Kernel, Level, Vector};
use crate::view::floats;

/// Channels that are walked along a line together: few enough that the pixels under a block stay in the L1 cache, many
/// enough that memory is read in runs.
const GROUP: usize = 256;

/// Output pixels whose sums are in registers at once.
const TOGETHER: usize = 4;

/// A convolution; its gather's channels are those of both sides.
pub struct Filter<'a> {
    /// The pixels of `x` that each output pixel sees.
    pub gather: &'a Gather,
    /// The gather's source, a batch of maps.
    pub x: &'a [f32],
    /// `[taps, channels]`
    pub weight: &'a [f32],
    /// The output, a batch of maps.
    pub out: Shared<'a>,
    /// Where the grid's pixels are in `out`.
    pub target: Target,
}

impl Filter<'_> {
    /// Computes an area of whole lines, on the calling thread.
    ///
    /// # Panics
    /// When a slice is too short.
    ///
    /// # Safety
    /// While it runs, nobody else may access the area's pixels of `out`.
    pub unsafe fn run(&self, level: Level, area: Area) {
        let Gather { channels, grid, taps, .. } = *self.gather;
        self.gather.check(self.x, area.image);
        assert_eq!(self.weight.len(), floats(&[taps.0, taps.1, channels]), "weights of a depthwise convolution");
        assert!(
            area.height <= grid.0 && area.y <= grid.0 - area.height && area.width == grid.1,
            "lines that do not exist"
        );
        if area.height == 0 || area.width == 0 || channels == 0 {
            return;
        }
        let end = self.target.at(area.image, area.y, 0).end(area.height, area.width, channels);
        assert!(end <= self.out.len(), "results past a map's end");
        level.run(Lines { job: self, area });
    }
}

struct Lines<'a, 'b> {
    job: &'a Filter<'b>,
    area: Area,
}

impl Kernel for Lines<'_, '_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let Self { job, area } = self;
        for y in area.y..area.y + area.height {
            macro_rules! dispatch {
                ($($taps:literal $stride:literal)*) => {
                    match (job.gather.taps.1, job.gather.stride) {
                        $(($taps, $stride) => arch.outline(Line::<$taps, $stride> { job, image: area.image, y }),)*
                        _ => arch.outline(Line::<0, 0> { job, image: area.image, y }),
                    }
                };
            }
            dispatch!(1 1  2 1  3 1  4 1  5 1  7 1  1 2  3 2  5 2  7 2);
        }
    }
}

/// A line, by blocks of pixels; 0 `TAPS` for one pixel at a time, whatever the taps.
struct Line<'a, 'b, const TAPS: usize, const STRIDE: usize> {
    job: &'a Filter<'b>,
    image: usize,
    y: usize,
}

impl<const TAPS: usize, const STRIDE: usize> Kernel for Line<'_, '_, TAPS, STRIDE> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let (gather, lanes) = (self.job.gather, A::V::LANES);
        let (width, channels) = (gather.grid.1, gather.channels);
        let interior = gather.interior();
        let by_blocks = TAPS > 0 && interior.len() >= TOGETHER;
        let blocks = if by_blocks { interior } else { 0..0 };
        for group in (0..channels).step_by(GROUP) {
            let end = (group + GROUP).min(channels);
            let whole = group + (end - group) / lanes * lanes;
            // SAFETY: `Filter::run` has measured the maps, and a block's pixels have all their
            // taps within them.
            unsafe {
                let mut x = blocks.start;
                while x < blocks.end {
                    // The last block goes over pixels again rather than beyond the end.
                    let first = x.min(blocks.end - TOGETHER);
                    for channel in (group..whole).step_by(lanes) {
                        self.block(arch, first, channel);
                    }
                    x += TOGETHER;
                }
                for x in (0..blocks.start).chain(blocks.end..width) {
                    for channel in (group..end).step_by(lanes) {
                        self.pixel(arch, x, channel, lanes.min(end - channel));
                    }
                }
                if whole < end {
                    for x in blocks.clone() {
                        self.pixel(arch, x, whole, end - whole);
                    }
                }
            }
        }
    }
}

impl<const TAPS: usize, const STRIDE: usize> Line<'_, '_, TAPS, STRIDE> {
    /// Address of a tap's channel in `x`, for the pixel `x` of the line.
    #[inline(always)]
    fn source(&self, x: usize, tap: (usize, usize), channel: usize) -> *const f32 {
        let gather = self.job.gather;
        let pixel = gather.pixel(self.image, (self.y, x), tap);
        self.job.x.as_ptr().wrapping_add(pixel * gather.channels + channel)
    }

    #[inline(always)]
    fn out(&self, x: usize, channel: usize) -> *mut f32 {
        self.job.out.at(0).wrapping_add(self.job.target.at(self.image, self.y, x).start + channel)
    }

    /// A block of pixels whose taps are within the map, for a vector of channels.
    ///
    /// # Safety
    /// As [`line_of_taps`]; the pixels must exist.
    #[inline(always)]
    unsafe fn block<A: Arch>(&self, arch: A, first: usize, channel: usize) {
        let channels = self.job.gather.channels;
        // SAFETY: the caller answers for the pixels, whose taps are within the map.
        unsafe {
            let mut sums = [arch.splat(0.0); TOGETHER];
            for tap_y in self.job.gather.lines(self.y) {
                let x = self.source(first, (tap_y, 0), channel);
                let weight = self.job.weight.as_ptr().add(tap_y * TAPS * channels + channel);
                line_of_taps::<A, TAPS, STRIDE, TOGETHER>(arch, &mut sums, x, weight, channels);
            }
            for pixel in 0..TOGETHER {
                sums[pixel].store(self.out(first + pixel, channel));
            }
        }
    }

    /// A pixel of which some taps may lie outside, for `count` channels.
    ///
    /// # Safety
    /// The pixel and the channels must exist.
    #[inline(always)]
    unsafe fn pixel<A: Arch>(&self, arch: A, x: usize, channel: usize, count: usize) {
        let gather = self.job.gather;
        let columns = Gather::inside(gather.start.1, gather.stride, x, gather.taps.1, gather.source.1);
        // SAFETY: the caller answers for the pixel and the channels; taps outside the map are left out.
        unsafe {
            let mut sum = arch.splat(0.0);
            for tap_y in gather.lines(self.y) {
                for tap_x in columns.clone() {
                    let weight = (tap_y * gather.taps.1 + tap_x) * gather.channels + channel;
                    let weight = arch.load_first(self.job.weight.as_ptr().add(weight), count);
                    sum = arch.load_first(self.source(x, (tap_y, tap_x), channel), count).mul_add(weight, sum);
                }
            }
            sum.store_first(self.out(x, channel), count);
        }
    }
}
