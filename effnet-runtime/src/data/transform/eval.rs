use image::RgbImage;

use super::super::error::Error;
use super::crop::{Window, centre};
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

/// What a picture goes through for evaluation and prediction: resize to `size / crop_ratio`, cut the centre out,
/// normalise. Deterministic.
///
/// With [`Fit::Crop`] it is torchvision's `Resize(size / crop_ratio)`, `CenterCrop(size)` and timm's crop mode `center`;
/// with [`Fit::Squash`], timm's `squash`.
#[derive(Clone, Debug)]
pub struct EvalTransform {
    /// Height and width of the result, in pixels.
    pub size: usize,
    /// The share of the resized picture's (shorter) side that is kept, above 0 and at most 1.
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

    /// Width and height of the resized picture that the result is cut from.
    fn resized(&self, width: u32, height: u32) -> (u64, u64) {
        let side = (self.size as f64 / self.crop_ratio).floor() as u64;
        let (width, height) = (u64::from(width), u64::from(height));
        match self.fit {
            Fit::Squash => (side, side),
            Fit::Crop if width <= height => (side, side * height / width),
            Fit::Crop => (side * width / height, side),
        }
    }
}

impl Transform for EvalTransform {
    fn shape(&self) -> [usize; 3] {
        [self.normalise.channels(), self.size, self.size]
    }

    fn check(&self) -> Result<(), Error> {
        check_size(self.size)?;
        if self.crop_ratio > 0.0 && self.crop_ratio <= 1.0 {
            return Ok(());
        }
        Err(Error::Option(format!("crop ratio {} is not above 0 and at most 1", self.crop_ratio)))
    }

    fn apply(&self, image: &RgbImage, _draw: Draw, scratch: &mut Scratch, out: &mut [f32]) {
        let (width, height) = image.dimensions();
        let stretch = centre(width, height, self.resized(width, height), self.size);
        resize(image, Window::whole(width, height), stretch, self.size, self.interpolation, scratch);
        self.normalise.apply(&scratch.pixels, out);
    }
}
