use candle_core::{Device, Tensor};
use image::RgbImage;

use super::super::draw::Draw;
use super::super::error::Error;
use super::crop::{Window, keep_centre};
use super::resample::resample;
use super::resize::{Algorithm, resize};
use super::{Normalise, Scratch, Transform, check_size};
use crate::{Dialect, Fit, Interpolation};

/// Below this, most of the work would be for pixels that the crop drops.
const MIN_CROP_RATIO: f64 = 0.25;

/// The way of an evaluation picture: made a square, normalised. Deterministic.
///
/// [`Fit::Crop`] is torchvision's `Resize(size / crop_ratio)` and `CenterCrop(size)`, and timm's crop mode `center`;
/// [`Fit::Squash`] is timm's `squash`. With TensorFlow's kernels, [`Fit::Cut`] is automl's evaluation below 320 px
/// (`preprocessing.py`) and that of its B series (`preprocess_legacy.py`), and [`Fit::Squash`] that from 320 px on.
#[derive(Clone, Debug)]
pub struct EvalTransform {
    /// Height and width of the result, in pixels.
    pub size: usize,
    /// The share of the picture's (shorter) side to keep, 0.25 to 1.
    pub crop_ratio: f64,
    /// The way to make a square of the picture.
    pub fit: Fit,
    /// The kernel that resizes.
    pub interpolation: Interpolation,
    /// The normalisation that turns bytes into floats.
    pub normalise: Normalise,
}

impl EvalTransform {
    /// Keeps the whole shorter side, and resizes by the bicubic kernel.
    pub fn new(size: usize, normalise: Normalise) -> Self {
        Self { size, crop_ratio: 1.0, fit: Fit::Crop, interpolation: Interpolation::Bicubic, normalise }
    }

    /// The transform that weights of this dialect expect, for pictures of `size` pixels a side and a network of
    /// `channels` inputs. The crop is that of the dialect's test size.
    ///
    /// # Errors
    /// If the dialect's mean or standard deviation does not fit the channels.
    pub fn of(dialect: &Dialect, size: usize, channels: usize) -> Result<Self, Error> {
        let normalise = Normalise::new(channels, &dialect.mean, &dialect.std)?;
        let Dialect { crop: crop_ratio, fit, interpolation, .. } = *dialect;
        Ok(Self { crop_ratio, fit, interpolation, ..Self::new(size, normalise) })
    }

    /// The picture as a batch of one: f32 of shape [1, C, size, size], on the CPU.
    ///
    /// # Errors
    /// If a setting makes no sense, or candle fails.
    pub fn tensor(&self, image: &RgbImage) -> Result<Tensor, Error> {
        self.check()?;
        let [channels, height, width] = self.shape();
        let mut pixels = vec![0.0; channels * height * width];
        self.apply(image, Draw { seed: 0, epoch: 0, sample: 0 }, &mut Scratch::default(), &mut pixels);
        Ok(Tensor::from_vec(pixels, (1, channels, height, width), &Device::Cpu)?)
    }

    /// The window to resize.
    fn window(&self, (width, height): (u32, u32)) -> Window {
        match self.fit {
            Fit::Crop => Window::middle(width, height),
            Fit::Squash => Window { left: 0, top: 0, width, height },
            Fit::Cut => {
                let side = ((self.crop_ratio as f32 * width.min(height) as f32) as u32).max(1);
                // automl's first version, whose kernel this is, rounds the margin up.
                let up = u32::from(self.interpolation == Interpolation::Tf1Bicubic);
                let margin = |all: u32| (all - side + up) / 2;
                Window { left: margin(width), top: margin(height), width: side, height: side }
            }
        }
    }

    /// Width and height to resize to, before the square is cropped.
    fn resized(&self, width: u32, height: u32) -> (u32, u32) {
        let side = (self.size as f64 / self.crop_ratio).floor();
        let long = |long: u32, short: u32| (side * f64::from(long) / f64::from(short)) as u32;
        match self.fit {
            Fit::Squash => (side as u32, side as u32),
            Fit::Cut => (self.size as u32, self.size as u32),
            Fit::Crop if width <= height => (side as u32, long(height, width)),
            Fit::Crop => (long(width, height), side as u32),
        }
    }
}

impl Transform for EvalTransform {
    fn shape(&self) -> [usize; 3] {
        [self.normalise.channels(), self.size, self.size]
    }

    fn check(&self) -> Result<(), Error> {
        check_size(self.size)?;
        Error::require((MIN_CROP_RATIO..=1.0).contains(&self.crop_ratio), || {
            format!("crop ratio {} is not within {MIN_CROP_RATIO}..=1", self.crop_ratio)
        })
    }

    fn apply(&self, image: &RgbImage, _draw: Draw, scratch: &mut Scratch, out: &mut [f32]) {
        let window = self.window(image.dimensions());
        let resized = self.resized(window.width, window.height);
        match Algorithm::of(self.interpolation) {
            Algorithm::Pillow(_) => {
                resize(image, window, resized, self.interpolation, scratch);
                keep_centre(&mut scratch.pixels, resized, self.size);
                self.normalise.apply(&scratch.pixels, out);
            }
            Algorithm::TensorFlow(kernel) => {
                resample(image, window, resized, kernel, scratch);
                keep_centre(&mut scratch.floats, resized, self.size);
                self.normalise.apply_floats(&scratch.floats, out);
            }
        }
    }
}
