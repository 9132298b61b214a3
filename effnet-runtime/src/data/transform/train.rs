use image::RgbImage;

use super::super::augment::{Canvas, Erasing, Policy};
use super::super::bounds;
use super::super::draw::{Draw, Part};
use super::super::error::Error;
use super::crop::random_window;
use super::resize::resize;
use super::{Normalise, Scratch, Transform, check_size};
use crate::Interpolation;

/// The way of a training picture: a random crop, resized; mirrored or not; distorted; normalised; partly erased.
#[derive(Clone, Debug)]
pub struct TrainTransform {
    /// Height and width of the result, in pixels.
    pub size: usize,
    /// The crop's least and greatest share of the picture's area. `(1.0, 1.0)` with a `ratio` of 1 is the whole of a
    /// square picture.
    pub scale: (f64, f64),
    /// The crop's least and greatest aspect, width by height.
    pub ratio: (f64, f64),
    /// Probability that a picture is mirrored from left to right.
    pub flip: f64,
    /// How the square is distorted, if it is.
    pub policy: Option<Policy>,
    /// How likely a rectangle of the normalised picture is erased, and by what.
    pub erase: Erasing,
    /// The kernel that resizes.
    pub interpolation: Interpolation,
    /// The normalisation that turns bytes into floats.
    pub normalise: Normalise,
}

impl TrainTransform {
    /// torchvision's `RandomResizedCrop(size)` and `RandomHorizontalFlip()` with their defaults, bicubic; no policy, and
    /// nothing erased.
    pub fn new(size: usize, normalise: Normalise) -> Self {
        let (scale, ratio) = ((0.08, 1.0), (3.0 / 4.0, 4.0 / 3.0));
        let (policy, erase) = (None, Erasing::new(0.0));
        Self { size, scale, ratio, flip: 0.5, policy, erase, interpolation: Interpolation::Bicubic, normalise }
    }
}

impl Transform for TrainTransform {
    fn shape(&self) -> [usize; 3] {
        [self.normalise.channels(), self.size, self.size]
    }

    fn check(&self) -> Result<(), Error> {
        check_size(self.size)?;
        bounds::shares("scale", self.scale)?;
        bounds::ratios("ratio", self.ratio)?;
        bounds::probability("flip probability", self.flip)?;
        self.policy.as_ref().map_or(Ok(()), Policy::check)?;
        self.erase.check()
    }

    fn apply(&self, image: &RgbImage, draw: Draw, scratch: &mut Scratch, out: &mut [f32]) {
        let (width, height) = image.dimensions();
        let window = random_window(width, height, self.scale, self.ratio, &draw.stream(Part::Crop));
        resize(image, window, (self.size as u32, self.size as u32), self.interpolation, scratch);
        if draw.stream(Part::Flip).uniform(0) < self.flip {
            flip(&mut scratch.pixels, self.size);
        }
        if let Some(policy) = &self.policy {
            let Scratch { pixels, spare, .. } = scratch;
            policy
                .apply(&mut Canvas { pixels, spare, width: self.size, height: self.size }, &draw.stream(Part::Policy));
        }
        self.normalise.apply(&scratch.pixels, out);
        self.erase.apply(out, (self.size, self.size), draw);
    }
}

/// Mirrors RGB rows of `width` pixels from left to right.
fn flip(pixels: &mut [u8], width: usize) {
    for row in pixels.chunks_exact_mut(width * 3) {
        row.as_chunks_mut::<3>().0.reverse();
    }
}
