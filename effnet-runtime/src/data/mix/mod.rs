//! Mixup and cutmix: a batch's pictures, mixed in pairs.

mod beta;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::draw::{Draw, Part};
use super::error::Error;
use beta::beta;

/// The least alpha that is not 0.
const MIN_ALPHA: f64 = 1e-6;
/// The largest alpha: with a larger one, every picture would be half of each.
const MAX_ALPHA: f64 = 100.0;

/// How pictures are mixed with each other, after normalisation.
///
/// This is automl's `mixing` (`datasets.py`), except for the partner. automl mixes a batch with itself in reverse; here
/// the sample at position p of the epoch's order is mixed with that at p ^ 1, so that a batch's size changes nothing.
/// Both pictures of a pair are mixed, each by its own draws. With both alphas above 0 pairs take turns, mixup first,
/// where automl halves the batch. A cutmix label's weight is the area of its own picture's piece, where automl takes
/// the mean over the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mix {
    /// Alpha of mixup (Zhang, Cisse, Dauphin & Lopez-Paz, 2017): a picture's weight is max(λ, 1 − λ), λ from
    /// Beta(alpha, alpha). 0 is off.
    pub mixup: f64,
    /// Alpha of cutmix (Yun et al., 2019): a piece of 1 − λ of the area comes from the partner, as far as it lies within
    /// the picture. 0 is off.
    pub cutmix: f64,
}

/// A batch's floats, and the samples they belong to.
pub(super) struct Pictures<'a> {
    /// [N, C, H, W].
    pub(super) floats: &'a mut [f32],
    pub(super) height: usize,
    pub(super) width: usize,
    /// Ids of the N samples.
    pub(super) samples: &'a [u64],
    /// Their positions in the epoch's order, ascending.
    pub(super) positions: &'a [usize],
    pub(super) labels: &'a [u32],
}

impl Mix {
    /// Whether pictures are mixed at all.
    pub fn is_on(&self) -> bool {
        self.mixup > 0.0 || self.cutmix > 0.0
    }

    /// Whether the settings make sense.
    ///
    /// # Errors
    /// [`Error::Option`] with the first that doesn't.
    pub fn check(&self) -> Result<(), Error> {
        for (name, alpha) in [("mixup", self.mixup), ("cutmix", self.cutmix)] {
            Error::require(alpha == 0.0 || (MIN_ALPHA..=MAX_ALPHA).contains(&alpha), || {
                format!("{name}'s alpha {alpha} is neither 0 (off) nor within {MIN_ALPHA}..={MAX_ALPHA}")
            })?;
        }
        Ok(())
    }

    /// Mixes the pairs, with draws of `seed` and `epoch`. Returns each sample's second label and the weight of its
    /// first. A sample without its partner in the batch stays as it is, and has its own label twice.
    pub(super) fn apply(&self, pictures: Pictures<'_>, seed: u64, epoch: u64) -> Vec<(u32, f32)> {
        let Pictures { floats, height, width, samples, positions, labels } = pictures;
        let mut partners: Vec<(u32, f32)> = labels.iter().map(|label| (*label, 1.0)).collect();
        let len = floats.len() / labels.len().max(1);
        let mut copy = Vec::new();
        for first in 0..labels.len().saturating_sub(1) {
            let position = positions[first];
            if position % 2 == 1 || positions[first + 1] != position + 1 {
                continue;
            }
            let (one, other) = floats[first * len..][..2 * len].split_at_mut(len);
            let draws = [samples[first], samples[first + 1]].map(|sample| Draw { seed, epoch, sample });
            let weights = if self.cutmix == 0.0 || self.mixup > 0.0 && position / 2 % 2 == 0 {
                let weights = draws.map(|draw| self.mixup_weight(draw));
                blend(one, other, weights);
                weights
            } else {
                let pieces = draws.map(|draw| self.piece(draw, width, height));
                copy.clear();
                copy.extend_from_slice(one);
                pieces[0].copy(other, one, width, height);
                pieces[1].copy(&copy, other, width, height);
                pieces.map(|piece| 1.0 - piece.area() as f32 / (width * height) as f32)
            };
            partners[first] = (labels[first + 1], weights[0]);
            partners[first + 1] = (labels[first], weights[1]);
        }
        partners
    }

    /// A picture's own weight.
    fn mixup_weight(&self, draw: Draw) -> f32 {
        let weight = beta(&draw.stream(Part::Mix), self.mixup);
        weight.max(1.0 - weight) as f32
    }

    /// The piece of a picture that comes from its partner.
    fn piece(&self, draw: Draw, width: usize, height: usize) -> Piece {
        let ratio = (1.0 - beta(&draw.stream(Part::Mix), self.cutmix)).sqrt() as f32;
        let place = draw.stream(Part::MixPiece);
        let range = |element, side: usize| {
            let half = (ratio * side as f32) as usize / 2;
            let middle = place.below(element, side as u64) as usize;
            middle.saturating_sub(half)..(middle + half).min(side)
        };
        Piece { columns: range(0, width), rows: range(1, height) }
    }
}

/// Sets one to `one · w₁ + other · (1 − w₁)` and the other to `other · w₂ + one · (1 − w₂)`.
fn blend(one: &mut [f32], other: &mut [f32], [first, second]: [f32; 2]) {
    for (one, other) in one.iter_mut().zip(other) {
        let (a, b) = (*one, *other);
        *one = a * first + b * (1.0 - first);
        *other = b * second + a * (1.0 - second);
    }
}

/// A rectangle, in pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    columns: Range<usize>,
    rows: Range<usize>,
}

impl Piece {
    fn area(&self) -> usize {
        self.columns.len() * self.rows.len()
    }

    /// Copies the piece in every channel.
    fn copy(&self, from: &[f32], to: &mut [f32], width: usize, height: usize) {
        for (from, to) in from.chunks_exact(width * height).zip(to.chunks_exact_mut(width * height)) {
            for row in self.rows.clone() {
                let columns = row * width + self.columns.start..row * width + self.columns.end;
                to[columns.clone()].copy_from_slice(&from[columns]);
            }
        }
    }
}
