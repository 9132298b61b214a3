//! Turns a decoded picture into a network's input.
//!
//! A transform is a pure function of the picture and of a [`Draw`]; all its randomness comes from the draw's streams.

mod crop;
#[cfg(test)]
mod dialects;
mod eval;
mod normalise;
mod resample;
mod resize;
#[cfg(test)]
mod tests;
mod train;

use image::RgbImage;

pub use eval::EvalTransform;
pub use normalise::Normalise;
pub use train::TrainTransform;

use super::draw::Draw;
use super::error::Error;

/// Turns a picture into a normalised array.
pub trait Transform: Send + Sync {
    /// Channels, height and width of what [`Self::apply`] writes.
    fn shape(&self) -> [usize; 3];

    /// Checks the settings; the loader asks before it starts.
    ///
    /// # Errors
    /// [`Error::Option`] with the first setting that makes no sense.
    fn check(&self) -> Result<(), Error>;

    /// Writes the picture to `out`, channel by channel (CHW), as many floats as [`Self::shape`] says.
    ///
    /// `scratch` is working memory that a thread keeps from one picture to the next; it carries nothing else.
    fn apply(&self, image: &RgbImage, draw: Draw, scratch: &mut Scratch, out: &mut [f32]);
}

/// A thread's working memory for transforms: empty by default, it grows with its first use.
#[derive(Default)]
pub struct Scratch {
    resizer: fast_image_resize::Resizer,
    /// RGB, row by row.
    pixels: Vec<u8>,
    /// Memory for steps that cannot work in place.
    spare: Vec<u8>,
    /// RGB of 0 to 255, row by row, not rounded.
    floats: Vec<f32>,
}

fn check_size(size: usize) -> Result<(), Error> {
    let max = super::decode::MAX_SIDE as usize;
    Error::require((1..=max).contains(&size), || format!("size {size} is not in 1..={max} pixels"))
}
