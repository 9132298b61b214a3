//! Mean and variance of each channel of a convolution's result, found while it is written.

use std::ops::Range;

use effnet_kernels::buffer::Shared;
use effnet_kernels::cut::Cut;
use effnet_kernels::simd::{Arch, Kernel, Level, Vector};
use effnet_kernels::view::ViewMut;

use crate::backend::moments::Moments;

/// Mean of each channel, and sum of squares around it, of each part of a map. A part is what a task writes: its moments
/// are found while it is in the task's cache.
pub(crate) struct PartMoments {
    channels: usize,
    /// Pixels of each part.
    pixels: Vec<usize>,
    /// `[parts, 2, channels]`
    values: Vec<f32>,
}

/// The places where tasks leave the moments that they find, where they are wanted, and the channels of each.
#[derive(Clone, Copy)]
pub(crate) struct Slots<'a>(Option<(Shared<'a>, usize)>);

impl PartMoments {
    /// Room for parts of these numbers of pixels.
    pub(crate) fn new(channels: usize, pixels: Vec<usize>) -> Self {
        let values = vec![0.0; pixels.len() * 2 * channels];
        Self { channels, pixels, values }
    }

    /// One part for each task of `cut` over the batch.
    pub(crate) fn of_areas(channels: usize, cut: &Cut, batch: usize) -> Self {
        let pixels = |task: usize| cut.area(task).height * cut.area(task).width;
        Self::new(channels, (0..cut.tasks(batch)).map(pixels).collect())
    }

    /// Joins all parts.
    pub(crate) fn join(&self) -> Moments {
        let mut all = Moments::none(self.channels);
        for (part, pixels) in self.values.chunks_exact(2 * self.channels).zip(&self.pixels) {
            let (mean, squares) = part.split_at(self.channels);
            all.join(*pixels, mean, squares);
        }
        all
    }
}

impl<'a> Slots<'a> {
    /// Where tasks leave the parts of these moments.
    pub(crate) fn of(moments: &'a mut Option<PartMoments>) -> Self {
        Self(moments.as_mut().map(|PartMoments { channels, values, .. }| (Shared::new(values), *channels)))
    }

    /// Finds the moments of some channels of a part that the calling thread has written: `lines` × `pixels` of them.
    ///
    /// # Panics
    /// When there are no such pixels, channels or part.
    ///
    /// # Safety
    /// While it runs, nobody may write the pixels' channels, nor access the part's moments of these channels.
    pub(crate) unsafe fn find(
        &self,
        level: Level,
        part: usize,
        channels: Range<usize>,
        written: ViewMut<'_>,
        (lines, pixels): (usize, usize),
    ) {
        let Some((values, all)) = self.0 else { return };
        assert!(channels.end <= all && (part + 1) * 2 * all <= values.len(), "no such moments");
        if channels.is_empty() || lines == 0 || pixels == 0 {
            return;
        }
        written.check(lines, pixels, channels.len());
        let mean = part * 2 * all + channels.start;
        // SAFETY: the caller keeps others from the area's channels and their moments; the two runs do not overlap.
        let (mean, squares) = unsafe { (values.part(mean, channels.len()), values.part(mean + all, channels.len())) };
        level.run(Part { written, lines, pixels, mean, squares });
    }
}

/// Mean, and sum of squares around it, of one part.
struct Part<'a> {
    written: ViewMut<'a>,
    lines: usize,
    pixels: usize,
    mean: &'a mut [f32],
    squares: &'a mut [f32],
}

impl Kernel for Part<'_> {
    /// Explicit vectors: LLVM unrolls by four vectors and runs the rest as scalars, with 16 to 48 channels everything.
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let Self { written, lines, pixels, mean, squares } = self;
        let (channels, lanes) = (mean.len(), A::V::LANES);
        mean.fill(0.0);
        squares.fill(0.0);
        for line in 0..lines {
            for pixel in 0..pixels {
                let z = written.at(line, pixel);
                for first in (0..channels).step_by(lanes) {
                    let count = lanes.min(channels - first);
                    let mean = mean[first..][..count].as_mut_ptr();
                    // SAFETY: `Slots::find` has measured the pixel; `mean` and `squares` are `count` long.
                    unsafe {
                        let z = arch.load_some(z.add(first), count);
                        arch.load_some(mean, count).add(z).store_some(mean, count);
                    }
                }
            }
        }
        let share = 1.0 / (lines * pixels) as f32;
        mean.iter_mut().for_each(|mean| *mean *= share);
        for line in 0..lines {
            for pixel in 0..pixels {
                let z = written.at(line, pixel);
                for first in (0..channels).step_by(lanes) {
                    let count = lanes.min(channels - first);
                    let mean = mean[first..][..count].as_ptr();
                    let squares = squares[first..][..count].as_mut_ptr();
                    // SAFETY: `Slots::find` has measured the pixel; `mean` and `squares` are `count` long.
                    unsafe {
                        let delta = arch.load_some(z.add(first), count).sub(arch.load_some(mean, count));
                        delta.mul_add(delta, arch.load_some(squares, count)).store_some(squares, count);
                    }
                }
            }
        }
    }
}
