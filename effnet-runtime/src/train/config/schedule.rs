//! The learning rate's way through the run, and progressive learning's stages.

use serde::{Deserialize, Serialize};

use super::super::schedule::{Decline, Schedule};
use super::super::stages::Stage;
use super::Config;

/// The learning rate's way through the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// How the rate declines.
    #[serde(default)]
    pub kind: ScheduleKind,
    /// Share of the run's steps in which the rate rises.
    #[serde(default)]
    pub warmup: f64,
    /// Epochs in which the rate rises, instead of a share of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup_epochs: Option<f64>,
    /// The rate at the end, as a share of the highest; none is lower.
    #[serde(default)]
    pub floor: f64,
    /// Of the exponential schedule: the factor on the rate, every `decay_epochs`.
    #[serde(default = "decay_factor")]
    pub decay_factor: f64,
    /// Of the exponential schedule: epochs of one step of the staircase.
    #[serde(default = "decay_epochs")]
    pub decay_epochs: f64,
}

fn decay_factor() -> f64 {
    0.97
}

fn decay_epochs() -> f64 {
    2.4
}

/// How the rate declines after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    /// Half a cosine down to the floor.
    #[default]
    Cosine,
    /// A staircase of `decay_factor` every `decay_epochs`, counted from the run's start.
    Exponential,
    /// A straight line down to the floor.
    Linear,
    /// Not at all.
    Constant,
}

/// Progressive learning: stages of growing images and growing regularisation (Tan & Le, *EfficientNetV2*, section 4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StagesConfig {
    /// How many; 1 for the same all along.
    pub count: usize,
    /// The size that the first stage's grows from: 128, or half of `size` where that is at most 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<usize>,
    /// RandAugment's magnitude in the first stage.
    pub magnitude: f64,
    /// The first stage's dropout, as a share of the last one's. The paper's is a half; automl does not ramp it.
    pub dropout: f64,
    /// Whether smaller images make larger batches, so that every stage takes about the same memory.
    pub batch_follows_size: bool,
}

impl Default for StagesConfig {
    fn default() -> Self {
        Self { count: 1, base: None, magnitude: 5.0, dropout: 0.5, batch_follows_size: false }
    }
}

impl Config {
    /// The rate's schedule over the steps of `stages`, for a data set of `images` training images.
    pub fn schedule(&self, stages: &[Stage], images: usize) -> Schedule {
        let steps: u64 = stages.iter().map(|stage| stage.epochs() * stage.steps(images)).sum();
        let an_epoch = steps as f64 / self.epochs as f64;
        let schedule = &self.schedule;
        let warmup = match schedule.warmup_epochs {
            Some(epochs) => (epochs * an_epoch) as u64,
            None => (schedule.warmup * steps as f64).round() as u64,
        };
        let decline = match schedule.kind {
            ScheduleKind::Cosine => Decline::Cosine,
            ScheduleKind::Linear => Decline::Linear,
            ScheduleKind::Constant => Decline::Constant,
            ScheduleKind::Exponential => {
                Decline::Exponential { factor: schedule.decay_factor, every: schedule.decay_epochs * an_epoch }
            }
        };
        let peak = match self.optimizer.lr_batch {
            0 => self.optimizer.lr,
            batch => self.optimizer.lr * self.batch as f64 / batch as f64,
        };
        Schedule { peak, steps, warmup, floor: schedule.floor, decline }
    }
}
