//! Where the random numbers of a picture come from.

use crate::random::{Purpose, Stream};

/// The coordinates that the random numbers for one use of one sample depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The run's seed.
    pub seed: u64,
    /// The epoch.
    pub epoch: u64,
    /// The sample's id.
    pub sample: u64,
}

impl Draw {
    /// The stream of one part of the transform.
    pub fn stream(&self, part: Part) -> Stream {
        Stream::new(self.seed, Purpose::Augment, self.epoch, self.sample, part as u64)
    }
}

/// The parts of a transform that draw, each from a stream of its own, so that none shifts another's draws. The numbers
/// are fixed: a run's bits depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The piece of the picture that is cut out.
    Crop = 0,
    /// Whether it is mirrored.
    Flip = 1,
    /// The operations of a policy on the picture.
    Policy = 2,
    /// Whether a rectangle of it is erased, and which.
    Erase = 3,
    /// The noise in the erased rectangle.
    EraseNoise = 4,
    /// How much of the picture is kept when it is mixed with another.
    Mix = 5,
    /// Where the partner's piece lies.
    MixPiece = 6,
}
