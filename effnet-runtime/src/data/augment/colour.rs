//! Operations that compare a pixel with grey.

use effnet_kernels::simd::{Arch, Kernel, Level};

use super::point::{blend, table, through};
use crate::data::luma::luma;

/// `ImageEnhance.Color`.
///
/// Pillow's grey is a rounded sum in fixed point; automl's TensorFlow truncates a float sum, which may come out one
/// lower.
pub(super) fn saturate(pixels: &mut [u8], factor: f32) {
    Level::current().run(Saturate { pixels, factor });
}

struct Saturate<'a> {
    pixels: &'a mut [u8],
    factor: f32,
}

impl Kernel for Saturate<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, _: A) {
        // Computes the greys of a few pixels first: each loop then has one kind of arithmetic, and LLVM vectorises it.
        const PIXELS: usize = 64;
        let mut greys = [0; PIXELS * 3];
        for part in self.pixels.chunks_mut(PIXELS * 3) {
            for (grey, pixel) in greys.as_chunks_mut::<3>().0.iter_mut().zip(part.as_chunks::<3>().0) {
                *grey = [luma(*pixel); 3];
            }
            for (value, grey) in part.iter_mut().zip(&greys) {
                *value = blend(*grey, *value, self.factor);
            }
        }
    }
}

/// `ImageEnhance.Contrast`: away from or towards the mean of the picture's greys, rounded.
///
/// automl's code divides the number of pixels by 256 where it means the mean, and therefore blends with white unless
/// the picture is tiny. This is the operation that it names, and Pillow's.
pub(super) fn contrast(pixels: &mut [u8], factor: f32) {
    let all = pixels.as_chunks::<3>().0;
    let sum: u64 = all.iter().map(|pixel| u64::from(luma(*pixel))).sum();
    let mean = (sum as f64 / all.len() as f64 + 0.5) as u8;
    through(pixels, &table(|value| blend(mean, value, factor)));
}
