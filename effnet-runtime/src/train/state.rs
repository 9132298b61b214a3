//! How far a run has come.

use serde::{Deserialize, Serialize};

use super::evaluate::Evaluation;

/// Everything that a run needs to go on besides its settings, its weights and its optimizer's memory. It stands in the
/// metadata of a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Whole epochs done.
    pub epoch: u64,
    /// Steps taken.
    pub step: u64,
    /// Where in its order the epoch that is under way stands.
    pub position: Position,
    /// The best epoch so far.
    pub best: Option<Best>,
    /// The optimizer's rule.
    pub optimizer: String,
    /// Steps that the optimizer has taken.
    pub optimizer_steps: u64,
    /// Updates that the moving average has had; none without one.
    pub ema_updates: Option<u64>,
    /// Training images of the data set, so that a resume on another one is noticed.
    pub train_images: u64,
}

/// The epoch that is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Batches done.
    pub batches: u64,
    /// Images done.
    pub images: u64,
    /// Sum of their losses.
    pub loss_sum: f64,
}

/// The epoch with the highest validation top-1, the earliest of equal ones, of the weights or of their average.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The epoch, from 1.
    pub epoch: u64,
    /// Its validation top-1, in 0..=1.
    pub top1: f64,
    /// Whether it is the averaged weights'.
    pub averaged: bool,
    /// A validation sample that these weights take for its own class: the first, in the source's order.
    #[serde(default)]
    pub right: Option<u64>,
}

impl State {
    /// Takes in the better evaluation of the epoch just done, and whether it is the averaged weights'; whether it is the
    /// best.
    pub(super) fn is_best(&mut self, &Evaluation { top1, right, .. }: &Evaluation, averaged: bool) -> bool {
        let better = self.best.is_none_or(|best| top1 > best.top1);
        if better {
            self.best = Some(Best { epoch: self.epoch, top1, averaged, right });
        }
        better
    }
}
