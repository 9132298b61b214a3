//! automl's RandAugment and AutoAugment, and random erasing.
//!
//! The policies, their operations and levels are those of google/automl's `efficientnetv2/autoaugment.py`. An operation
//! gives the same bits as Pillow on the same parameters, as the tests show; where automl's TensorFlow code gives
//! something else, the operation's own documentation says so.

mod affine;
mod autoaugment;
mod colour;
mod cutout;
mod erase;
mod histogram;
mod level;
mod op;
mod point;
mod sharpness;
#[cfg(test)]
mod tests;

pub use erase::{EraseMode, Erasing};

use super::error::Error;
use crate::random::Stream;
use level::{Constants, Layer};
use op::Kind;

/// The largest number of operations that RandAugment may apply in a row.
const MAX_LAYERS: usize = 16;
/// The largest magnitude of RandAugment: the paper and automl's documentation search up to it.
const MAX_MAGNITUDE: f64 = 30.0;

/// How training pictures are distorted after the crop, the resize and the mirroring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Policy {
    /// Cubuk, Zoph, Shlens & Le, *RandAugment*, 2019: several operations in a row, each drawn from all 16 and always
    /// applied (automl draws a probability as well, and does not use it).
    RandAugment {
        /// Number of operations, 1 to 16; automl has 2.
        layers: usize,
        /// The level of all of them, 0 to 30. Whole numbers are usual; progressive learning's ramp has others.
        magnitude: f64,
    },
    /// Cubuk, Zoph, Mané, Vasudevan & Le, *AutoAugment*, 2018: one of 25 pairs of operations, each with a probability
    /// and a level of its own (automl's `policy_v0`, which is the paper's for ImageNet).
    AutoAugment,
}

impl Policy {
    /// Whether the settings make sense.
    ///
    /// # Errors
    /// [`Error::Option`] with the first that doesn't.
    pub fn check(&self) -> Result<(), Error> {
        let Self::RandAugment { layers, magnitude } = *self else { return Ok(()) };
        Error::require((1..=MAX_LAYERS).contains(&layers), || {
            format!("RandAugment has {layers} layers, and 1 to {MAX_LAYERS} are possible")
        })?;
        Error::require((0.0..=MAX_MAGNITUDE).contains(&magnitude), || {
            format!("RandAugment's magnitude {magnitude} is not within 0..={MAX_MAGNITUDE}")
        })
    }

    /// Distorts the picture by these draws.
    pub(super) fn apply(&self, canvas: &mut Canvas<'_>, draws: &Stream) {
        let size = (canvas.width, canvas.height);
        match *self {
            Self::RandAugment { layers, magnitude } => {
                for number in 0..layers {
                    let layer = Layer::new(draws, number);
                    let kind = Kind::ALL[layer.choice(Kind::ALL.len())];
                    level::op(kind, magnitude, Constants::RAND_AUGMENT, &layer, size).apply(canvas);
                }
            }
            Self::AutoAugment => {
                let pair = &autoaugment::PAIRS[Layer::new(draws, 0).choice(autoaugment::PAIRS.len())];
                for (number, (kind, probability, level)) in pair.iter().enumerate() {
                    let layer = Layer::new(draws, number);
                    if layer.applies(*probability) {
                        level::op(*kind, *level, Constants::AUTO_AUGMENT, &layer, size).apply(canvas);
                    }
                }
            }
        }
    }
}

/// A picture that operations change.
pub(super) struct Canvas<'a> {
    /// RGB, row by row: `width · height · 3` bytes.
    pub(super) pixels: &'a mut Vec<u8>,
    /// Memory for the result of an operation that cannot work in place; of any length.
    pub(super) spare: &'a mut Vec<u8>,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Canvas<'_> {
    /// Replaces the picture by what `make` computes from it. The memory that `make` writes to holds anything.
    fn remake(&mut self, make: impl FnOnce(&[u8], &mut [u8])) {
        self.spare.resize(self.pixels.len(), 0);
        make(self.pixels, self.spare);
        std::mem::swap(self.pixels, self.spare);
    }
}

/// automl's fill for places that no pixel of the picture covers: grey.
const FILL: u8 = 128;
