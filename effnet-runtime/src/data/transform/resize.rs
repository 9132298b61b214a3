use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions};
use image::RgbImage;

use super::Scratch;
use super::crop::Window;
use super::resample::{Taps, bilinear, legacy_bicubic, resample};
use crate::Interpolation;

/// A kernel that resizes: one that widens when it shrinks a picture (antialias), as Pillow's do, or one that does not.
pub(super) enum Algorithm {
    Pillow(FilterType),
    TensorFlow(Taps),
}

impl Algorithm {
    pub(super) fn of(interpolation: Interpolation) -> Self {
        match interpolation {
            Interpolation::Bilinear => Self::Pillow(FilterType::Bilinear),
            Interpolation::Bicubic => Self::Pillow(FilterType::CatmullRom),
            Interpolation::TfBilinear => Self::TensorFlow(bilinear),
            Interpolation::Tf1Bicubic => Self::TensorFlow(legacy_bicubic),
        }
    }
}

/// Stretches a window to `width` × `height` bytes in `scratch.pixels`. Pixels outside the window do not contribute.
///
/// TensorFlow's kernels give floats, which are rounded here. automl truncates them before it distorts a picture, which
/// darkens all pictures by half a level.
pub(super) fn resize(
    image: &RgbImage,
    window: Window,
    size: (u32, u32),
    interpolation: Interpolation,
    scratch: &mut Scratch,
) {
    match Algorithm::of(interpolation) {
        Algorithm::Pillow(filter) => convolve(image, window, size, filter, scratch),
        Algorithm::TensorFlow(kernel) => {
            resample(image, window, size, kernel, scratch);
            scratch.pixels.clear();
            scratch.pixels.extend(scratch.floats.iter().map(|value| value.round_ties_even() as u8));
        }
    }
}

/// Stretches a window with a kernel that widens.
///
/// The window consists of whole pixels on purpose. With a fractional box, fast_image_resize 6.1 can read out of bounds:
/// it assumes that no kernel begins before the first or ends behind the last, but drops weights of zero at a kernel's
/// ends, and a cubic that is centred on a pixel weighs the next two on either side with zero. The outermost kernels of
/// a whole picture are centred less than one kernel's unit from its border and keep their ends.
fn convolve(image: &RgbImage, window: Window, (width, height): (u32, u32), filter: FilterType, scratch: &mut Scratch) {
    scratch.pixels.resize(width as usize * height as usize * 3, 0);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    let resized =
        TypedImageRef::<U8x3>::from_buffer(image.width(), image.height(), image.as_raw()).ok().and_then(|all| {
            let from = TypedCroppedImage::from_ref(&all, window.left, window.top, window.width, window.height).ok()?;
            let mut to = TypedImage::from_buffer(width, height, &mut scratch.pixels).ok()?;
            scratch.resizer.resize_typed(&from, &mut to, &options).ok()
        });
    assert!(resized.is_some(), "{window:?} lies within {} × {}", image.width(), image.height());
}
