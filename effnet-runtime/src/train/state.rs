//! How far a run has come.

use serde::{Deserialize, Serialize};

use super::evaluate::Evaluation;

/// Everything that a run needs to go on besides its settings, weights and optimizer memory. A checkpoint's metadata
/// holds it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Whole epochs done.
    pub epoch: u64,
    /// Steps taken.
    pub step: u64,
    /// Position within the current epoch's order.
    pub position: Position,
    /// The best epoch so far.
    pub best: Option<Best>,
    /// The optimizer's rule.
    pub optimizer: String,
    /// Steps that the optimizer has taken.
    pub optimizer_steps: u64,
    /// Updates of the moving average; none without one.
    pub ema_updates: Option<u64>,
    /// Number of training images: a resume on another data set is refused.
    pub train_images: u64,
}

/// Position within an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Batches done.
    pub batches: u64,
    /// Images done.
    pub images: u64,
    /// Sum of the images' losses.
    pub loss_sum: f64,
}

/// The epoch with the highest validation top-1 of the weights or their average; the earliest of equal ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The epoch, from 1.
    pub epoch: u64,
    /// Its validation top-1, in 0..=1.
    pub top1: f64,
    /// Whether the averaged weights reached it.
    pub averaged: bool,
    /// The first validation sample, in the source's order, that these weights classify rightly.
    #[serde(default)]
    pub right: Option<u64>,
}

impl State {
    /// Records the better evaluation of the epoch just done, `averaged` if it is the averaged weights'. Returns whether
    /// it is the best so far.
    pub(super) fn is_best(&mut self, &Evaluation { top1, right, .. }: &Evaluation, averaged: bool) -> bool {
        let better = self.best.is_none_or(|best| top1 > best.top1);
        if better {
            self.best = Some(Best { epoch: self.epoch, top1, averaged, right });
        }
        better
    }
}
