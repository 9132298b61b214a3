//! The meaning of a level for an operation: automl's `level_to_arg`.

use super::op::{Kind, Op};
use crate::random::Stream;

/// automl's `_MAX_LEVEL`: the level at which AutoAugment's operations are strongest. RandAugment goes beyond it.
const MAX_LEVEL: f64 = 10.0;

/// automl counts distances in pixels, and trains on no picture smaller than this. On a smaller one its distances would
/// move the picture out of itself, or cover all of it: they shrink with the picture.
const SMALLEST: usize = 128;

/// Distances that differ between the two policies, in pixels at level 10.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constants {
    /// Half the side of the square to cut out.
    cutout: f64,
    /// How far to move the picture.
    translate: f64,
}

impl Constants {
    pub(super) const RAND_AUGMENT: Self = Self { cutout: 40.0, translate: 100.0 };
    pub(super) const AUTO_AUGMENT: Self = Self { cutout: 100.0, translate: 250.0 };
}

/// The draws of one operation of a policy. Their numbers are fixed: a run's bits depend on them.
pub(super) struct Layer<'a> {
    draws: &'a Stream,
    first: u64,
}

impl<'a> Layer<'a> {
    const DRAWS: u64 = 8;

    pub(super) fn new(draws: &'a Stream, number: usize) -> Self {
        Self { draws, first: number as u64 * Self::DRAWS }
    }

    /// One of `count` choices.
    pub(super) fn choice(&self, count: usize) -> usize {
        self.draws.below(self.first, count as u64) as usize
    }

    /// Whether the operation is applied at all.
    pub(super) fn applies(&self, probability: f64) -> bool {
        self.draws.uniform(self.first + 1) < probability
    }

    /// The value or, as often, its negative.
    fn either_way(&self, value: f64) -> f64 {
        if self.draws.uniform(self.first + 2) < 0.5 { -value } else { value }
    }

    /// A pixel's column and row.
    fn pixel(&self, width: usize, height: usize) -> (usize, usize) {
        let below = |element, bound: usize| self.draws.below(self.first + element, bound as u64) as usize;
        (below(4, width), below(3, height))
    }
}

/// The operation at a level, for a picture of this size.
///
/// automl's integers may leave the range in which its operation is defined. They are brought back as TensorFlow does at
/// run time: [`Op::Posterize`] keeps one bit where none is asked for, and eight where more are.
pub(super) fn op(kind: Kind, level: f64, constants: Constants, layer: &Layer<'_>, size: (usize, usize)) -> Op {
    let (width, height) = size;
    let share = level / MAX_LEVEL;
    let distance = |pixels: f64| share * pixels * (width.min(height) as f64 / SMALLEST as f64).min(1.0);
    let enhanced = (share * 1.8 + 0.1) as f32;
    match kind {
        Kind::AutoContrast => Op::AutoContrast,
        Kind::Equalize => Op::Equalize,
        Kind::Invert => Op::Invert,
        Kind::Rotate => Op::Rotate { degrees: layer.either_way(share * 30.0) },
        Kind::Posterize => Op::Posterize { bits: ((share * 4.0) as u32).clamp(1, 8) },
        Kind::Solarize => Op::Solarize { threshold: (share * 256.0) as u32 },
        Kind::SolarizeAdd => Op::SolarizeAdd { addition: (share * 110.0) as u32 },
        Kind::Color => Op::Color { factor: enhanced },
        Kind::Contrast => Op::Contrast { factor: enhanced },
        Kind::Brightness => Op::Brightness { factor: enhanced },
        Kind::Sharpness => Op::Sharpness { factor: enhanced },
        Kind::ShearX => Op::ShearX { by: layer.either_way(share * 0.3) },
        Kind::ShearY => Op::ShearY { by: layer.either_way(share * 0.3) },
        Kind::TranslateX => Op::TranslateX { pixels: layer.either_way(distance(constants.translate)) },
        Kind::TranslateY => Op::TranslateY { pixels: layer.either_way(distance(constants.translate)) },
        Kind::Cutout => {
            let (x, y) = layer.pixel(width, height);
            Op::Cutout { x, y, pad: distance(constants.cutout) as usize }
        }
    }
}
