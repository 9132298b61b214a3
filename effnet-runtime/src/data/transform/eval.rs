use candle_core::{Device, Tensor};
use image::RgbImage;

use super::super::error::Error;
use super::crop::{Window, keep_centre};
use super::resize::resize;
use super::{Draw, Normalise, Scratch, Transform, check_size};
use crate::{Dialect, Interpolation};

/// How a picture that isn't square becomes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Fit {
    /// The shorter side is resized, the aspect kept, and what sticks out cut off.
    #[default]
    Crop,
    /// Both sides are resized, and the aspect lost.
    Squash,
}

/// Below this, most of the work would be for pixels that nobody sees.
const MIN_CROP_RATIO: f64 = 0.25;

/// What a picture goes through for evaluation and prediction: resize to `size / crop_ratio`, cut the centre out,
/// normalise. Deterministic.
///
/// With [`Fit::Crop`] it is torchvision's `Resize(size / crop_ratio)`, `CenterCrop(size)` and timm's crop mode `center`;
/// with [`Fit::Squash`], timm's `squash`.
#[derive(Clone, Debug)]
pub struct EvalTransform {
    /// Height and width of the result, in pixels.
    pub size: usize,
    /// The share of the resized picture's (shorter) side that is kept, 0.25 to 1.
    pub crop_ratio: f64,
    /// What happens to the aspect.
    pub fit: Fit,
    /// The kernel.
    pub interpolation: Interpolation,
    /// Bytes to floats.
    pub normalise: Normalise,
}

impl EvalTransform {
    /// The whole shorter side, bicubic.
    pub fn new(size: usize, normalise: Normalise) -> Self {
        Self { size, crop_ratio: 1.0, fit: Fit::Crop, interpolation: Interpolation::Bicubic, normalise }
    }

    /// What weights of this dialect expect, for pictures of `size` pixels a side and a network of `channels` inputs.
    ///
    /// # Errors
    /// If the dialect's mean or standard deviation doesn't fit the channels.
    pub fn of(dialect: &Dialect, size: usize, channels: usize) -> Result<Self, Error> {
        let normalise = Normalise::new(channels, &dialect.mean, &dialect.std)?;
        Ok(Self { crop_ratio: dialect.crop, interpolation: dialect.interpolation, ..Self::new(size, normalise) })
    }

    /// The picture as a batch of one: f32 of shape [1, C, size, size], on the CPU.
    ///
    /// # Errors
    /// If a setting makes no sense, or candle fails.
    pub fn tensor(&self, image: &RgbImage) -> Result<Tensor, Error> {
        self.check()?;
        let [channels, height, width] = self.shape();
        let mut pixels = vec![0.0; channels * height * width];
        self.apply(image, Draw { seed: 0, epoch: 0, sample: 0 }, &mut Scratch::new(), &mut pixels);
        Ok(Tensor::from_vec(pixels, (1, channels, height, width), &Device::Cpu)?)
    }

    /// Width and height that a picture is resized to before the square is cut out.
    fn resized(&self, width: u32, height: u32) -> (u32, u32) {
        let side = (self.size as f64 / self.crop_ratio).floor();
        let long = |long: u32, short: u32| (side * f64::from(long) / f64::from(short)) as u32;
        match self.fit {
            Fit::Squash => (side as u32, side as u32),
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
        if (MIN_CROP_RATIO..=1.0).contains(&self.crop_ratio) {
            return Ok(());
        }
        Err(Error::Option(format!("crop ratio {} is not within {MIN_CROP_RATIO}..=1", self.crop_ratio)))
    }

    fn apply(&self, image: &RgbImage, _draw: Draw, scratch: &mut Scratch, out: &mut [f32]) {
        let (width, height) = image.dimensions();
        let window = match self.fit {
            Fit::Crop => Window::middle(width, height),
            Fit::Squash => Window::whole(width, height),
        };
        let resized = self.resized(window.width, window.height);
        resize(image, window, resized, self.interpolation, scratch);
        keep_centre(&mut scratch.pixels, resized, self.size);
        self.normalise.apply(&scratch.pixels, out);
    }
}
