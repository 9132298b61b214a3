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

/// A box in a picture, in pixels with fractions, that is stretched to the output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Stretches `stretch`, a box within the window, to `size` × `size` pixels in `scratch`. Kernels reach beyond the box
/// but not beyond the window (torchvision's random crops cut first; its centre crops cut a resized picture).
pub(super) fn resize(
    image: &RgbImage,
    window: Window,
    stretch: Stretch,
    size: usize,
    interpolation: Interpolation,
    scratch: &mut Scratch,
) {
    scratch.pixels.resize(size * size * 3, 0);
    let options = ResizeOptions::new().resize_alg(algorithm(interpolation)).crop(
        stretch.left,
        stretch.top,
        stretch.width.min(f64::from(window.width) - stretch.left),
        stretch.height.min(f64::from(window.height) - stretch.top),
    );
    let resized =
        TypedImageRef::<U8x3>::from_buffer(image.width(), image.height(), image.as_raw()).ok().and_then(|all| {
            let from = TypedCroppedImage::from_ref(&all, window.left, window.top, window.width, window.height).ok()?;
            let mut to = TypedImage::from_buffer(size as u32, size as u32, &mut scratch.pixels).ok()?;
            scratch.resizer.resize_typed(&from, &mut to, &options).ok()
        });
    assert!(resized.is_some(), "{window:?} and {stretch:?} lie within {} × {}", image.width(), image.height());
}
