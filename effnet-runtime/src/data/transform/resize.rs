use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions};
use image::RgbImage;

use super::Scratch;
use super::crop::Window;
use crate::Interpolation;

/// Both kernels widen when they shrink a picture (antialias), as Pillow's do.
fn algorithm(interpolation: Interpolation) -> ResizeAlg {
    ResizeAlg::Convolution(match interpolation {
        Interpolation::Bilinear => FilterType::Bilinear,
        Interpolation::Bicubic => FilterType::CatmullRom,
    })
}

/// Stretches a window to `width` × `height` pixels in `scratch`. Nothing outside of the window shows.
///
/// The window is of whole pixels on purpose. With a box of fractions, fast_image_resize 6.1 can read out of bounds: it
/// takes for granted that no kernel begins before the first or ends behind the last, but drops weights of zero at a
/// kernel's ends, and a cubic that is centred on a pixel weighs the next two on either side with zero. The outermost
/// kernels of a whole picture are centred less than one kernel's unit from its border and keep their ends.
pub(super) fn resize(
    image: &RgbImage,
    window: Window,
    (width, height): (u32, u32),
    interpolation: Interpolation,
    scratch: &mut Scratch,
) {
    scratch.pixels.resize(width as usize * height as usize * 3, 0);
    let options = ResizeOptions::new().resize_alg(algorithm(interpolation));
    let resized =
        TypedImageRef::<U8x3>::from_buffer(image.width(), image.height(), image.as_raw()).ok().and_then(|all| {
            let from = TypedCroppedImage::from_ref(&all, window.left, window.top, window.width, window.height).ok()?;
            let mut to = TypedImage::from_buffer(width, height, &mut scratch.pixels).ok()?;
            scratch.resizer.resize_typed(&from, &mut to, &options).ok()
        });
    assert!(resized.is_some(), "{window:?} lies within {} × {}", image.width(), image.height());
}
