use effnet_kernels::simd::{Arch, Kernel, Level};

use super::Canvas;
use super::point::blend;

/// `ImageEnhance.Sharpness`: away from or towards Pillow's `SMOOTH`, a mean over 3 × 3 pixels in which the middle
/// counts five times. The border is not smoothed and stays as it is.
///
/// Pillow rounds the mean to nearest; automl's TensorFlow truncates it.
pub(super) fn sharpen(canvas: &mut Canvas<'_>, factor: f32) {
    let (width, height) = (canvas.width, canvas.height);
    canvas.remake(|from, to| Level::current().run(Sharpen { from, to, width, height, factor }));
}

struct Sharpen<'a> {
    from: &'a [u8],
    to: &'a mut [u8],
    width: usize,
    height: usize,
    factor: f32,
}

impl Kernel for Sharpen<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, _: A) {
        let Self { from, to, width, height, factor } = self;
        to.copy_from_slice(from);
        if width < 3 || height < 3 {
            return;
        }
        let stride = width * 3;
        let inner = stride - 6;
        for (rows, to) in from.windows(3 * stride).step_by(stride).zip(to[stride..].chunks_exact_mut(stride)) {
            // The nine values of one channel: three pixels of three rows.
            let near: [&[u8]; 9] = std::array::from_fn(|at| &rows[at / 3 * stride + at % 3 * 3..][..inner]);
            for (at, to) in to[3..3 + inner].iter_mut().enumerate() {
                let sum = near.iter().fold(0, |sum, values| sum + u16::from(values[at])) + 4 * u16::from(near[4][at]);
                // A thirteenth never lies halfway between integers, and this integer rounding is therefore Pillow's
                // rounding of floats.
                let smooth = ((2 * sum + 13) / 26) as u8;
                *to = blend(smooth, near[4][at], factor);
            }
        }
    }
}
