//! How implementations make a network's input of a picture.

use super::super::published::{Published, Series};
use crate::dialect::{Fit, Interpolation};

/// Mean and standard deviation of pixels in 0..=1: one number for all channels, or one a channel.
type Pixels = [&'static [f64]; 2];

pub(super) const HALF: Pixels = [&[0.5]; 2];
pub(super) const IMAGENET: Pixels = [&[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]];
/// automl's and Keras's `(pixel - 128) / 128` for pixels in 0..=255.
const OF_128: Pixels = [&[128.0 / 255.0]; 2];
/// `MEAN_RGB` and `STDDEV_RGB` of automl's `efficientnet_lite_builder.py` and `efficientnet_edgetpu_builder.py`.
const OF_127: Pixels = [&[127.0 / 255.0], &[128.0 / 255.0]];

/// Pixels around automl's evaluation crop: it takes the centre of an image of the test size and twice 16 more. Keras
/// names no evaluation of its own for the weights that it took from automl.
const CROP_PADDING: f64 = 32.0;
/// The least side at which automl's evaluation of EfficientNetV2 does not crop.
const UNCROPPED: usize = 320;

/// The part of a dialect that makes an input of a picture.
#[derive(Clone, Copy)]
pub(super) struct Images {
    pub(super) pixels: Pixels,
    pub(super) fit: Fit,
    pub(super) crop: f64,
    pub(super) interpolation: Interpolation,
}

impl Images {
    pub(super) const fn cropped(pixels: Pixels, crop: f64, interpolation: Interpolation) -> Self {
        Self { pixels, fit: Fit::Crop, crop, interpolation }
    }

    /// Images whose shorter side is the network's.
    pub(super) const fn whole(pixels: Pixels, interpolation: Interpolation) -> Self {
        Self::cropped(pixels, 1.0, interpolation)
    }

    pub(super) const fn squashed(pixels: Pixels, interpolation: Interpolation) -> Self {
        Self { pixels, fit: Fit::Squash, crop: 1.0, interpolation }
    }
}

/// The share of an image that automl's evaluation takes.
pub(super) fn share(size: usize) -> f64 {
    size as f64 / (size as f64 + CROP_PADDING)
}

/// The presets of torchvision's default weights.
pub(super) fn torchvision(published: Option<Published>) -> Images {
    use Interpolation::{Bicubic, Bilinear};
    match published {
        Some(Published { series: Series::V1, number }) => {
            // B1's default weights are its second.
            let [crop, resize] = match number {
                0 => [224.0, 256.0],
                1 => [240.0, 255.0],
                3 => [300.0, 320.0],
                4 => [380.0, 384.0],
                _ => [1.0, 1.0],
            };
            Images::cropped(IMAGENET, crop / resize, if number == 1 { Bilinear } else { Bicubic })
        }
        // L's weights are converted from automl's; torchvision trained the others.
        Some(Published { series: Series::L, .. }) => Images::whole(HALF, Bicubic),
        _ => Images::whole(IMAGENET, Bilinear),
    }
}

/// automl's evaluation, which Keras's weights are for too.
pub(super) fn automl(published: Option<Published>, size: usize) -> Images {
    use Interpolation::{Tf1Bicubic, TfBilinear};
    let cut = |pixels, interpolation| Images { pixels, fit: Fit::Cut, crop: share(size), interpolation };
    match published.map(|published| published.series) {
        Some(Series::Base | Series::V1) => cut(IMAGENET, Tf1Bicubic),
        // Theirs is TensorFlow 1's linear kernel, whose pixels' corners are matched: a dialect has none nearer.
        Some(Series::Lite | Series::EdgeTpu) => cut(OF_127, TfBilinear),
        _ if size < UNCROPPED => cut(OF_128, TfBilinear),
        _ => Images::squashed(OF_128, TfBilinear),
    }
}

/// automl's pixels and its share of an image, resized as Pillow does.
pub(super) fn lukemelas(published: Option<Published>, size: usize) -> Images {
    let pixels = match published.map(|published| published.series) {
        Some(Series::Lite | Series::EdgeTpu) => OF_127,
        _ => IMAGENET,
    };
    Images::cropped(pixels, share(size), Interpolation::Bicubic)
}
