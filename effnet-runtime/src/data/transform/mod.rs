//! A decoded picture to the numbers that a network takes.
//!
//! A transform is a pure function of the picture and of a [`Draw`]; all its randomness comes from the draw's streams.
//! Each random part has a [`Part`] of its own, so that none shifts another's draws.

mod crop;
#[cfg(test)]
mod dialects;
mod eval;
mod flip;
mod normalise;
mod resample;
mod resize;
#[cfg(test)]
mod tests;
mod train;

use image::RgbImage;

pub use eval::EvalTransform;
pub use normalise::Normalise;
pub(super) use normalise::luma;
pub use train::TrainTransform;

use super::error::Error;
use crate::random::{Purpose, Stream};

/// A picture to a normalised array.
pub trait Transform: Send + Sync {
    /// Channels, height and width of what [`Self::apply`] writes.
    fn shape(&self) -> [usize; 3];

    /// Whether the settings make sense; the loader asks before it starts.
    ///
    /// # Errors
    /// [`Error::Option`] with the first setting that doesn't.
    fn check(&self) -> Result<(), Error>;

    /// Writes the picture to `out`, channel by channel (CHW), as many floats as [`Self::shape`] says.
    ///
    /// `scratch` is working memory that a thread keeps from one picture to the next; it carries nothing else.
    fn apply(&self, image: &RgbImage, draw: Draw, scratch: &mut Scratch, out: &mut [f32]);
}

/// What the random numbers of one use of one sample depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The run's seed.
    pub seed: u64,
    /// The epoch.
    pub epoch: u64,
    /// The sample's id.
    pub sample: u64,
}

/// Parts of a transform with draws of their own. The numbers are fixed: a run's bits depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Which piece of the picture is cut out.
    Crop = 0,
    /// Whether it is mirrored.
    Flip = 1,
    /// What a policy does to it.
    Policy = 2,
    /// Whether a rectangle of it is erased, and which.
    Erase = 3,
    /// The noise in its place.
    EraseNoise = 4,
    /// How much of the picture is kept when it is mixed with another.
    Mix = 5,
    /// Where the other's piece lies.
    MixPiece = 6,
}

impl Draw {
    /// The stream of a part of the transform.
    pub const fn stream(&self, part: Part) -> Stream {
        Stream::new(self.seed, Purpose::Augment, self.epoch, self.sample, part as u64)
    }
}

/// A thread's working memory for transforms.
#[derive(Default)]
pub struct Scratch {
    resizer: fast_image_resize::Resizer,
    /// RGB, row by row.
    pixels: Vec<u8>,
    /// For what can't be done in place.
    spare: Vec<u8>,
    /// RGB of 0 to 255, row by row, not rounded.
    floats: Vec<f32>,
}

impl Scratch {
    /// Empty; it grows with its first use.
    pub fn new() -> Self {
        Self::default()
    }
}

fn check_size(size: usize) -> Result<(), Error> {
    let max = super::decode::MAX_SIDE as usize;
    if (1..=max).contains(&size) {
        Ok(())
    } else {
        Err(Error::Option(format!("size {size} is not in 1..={max} pixels")))
    }
}
