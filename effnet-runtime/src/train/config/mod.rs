//! The settings of a run.
//!
//! A run's settings are layers of TOML, each over the one before: what follows from the network, the recipe, the file
//! of `--config`, the flags. What comes out is written to the run folder as `config.toml`, which is such a file itself.

mod layers;
mod recipe;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use layers::{Layer, merge};
pub use recipe::{RECIPES, Recipe};

use super::error::{Error, Result};
use super::optimizer::{AdamW, Decay, Optimizer, Sgd};
use super::schedule::Schedule;

/// All settings of a run. The fields are the keys of `config.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The network: a variant, a table or a type.
    pub model: String,
    /// The recipe that the other settings began as.
    pub recipe: String,
    /// Seed of initial weights, order, augmentation, dropout and drop path.
    pub seed: u64,
    /// Passes over the training images.
    pub epochs: u64,
    /// Images of a step.
    pub batch: usize,
    /// Side in pixels of a training image.
    pub size: usize,
    /// Side in pixels of a validation image.
    pub eval_size: usize,
    /// The images.
    pub data: DataConfig,
    /// How training images are varied.
    pub augment: AugmentConfig,
    /// How gradients change weights.
    pub optimizer: OptimizerConfig,
    /// The learning rate's way through the run.
    pub schedule: ScheduleConfig,
    /// What keeps the network from learning the images by heart.
    pub regularise: RegulariseConfig,
    /// Weights to begin with.
    #[serde(default)]
    pub pretrained: PretrainedConfig,
    /// What computes; changes no result.
    pub compute: ComputeConfig,
    /// What is kept of a run.
    pub checkpoints: CheckpointsConfig,
}

/// The images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// Folder or tar of images; the bundled digits where it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Share of each class that is set aside for validation, where the data set has no `val` of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub val_fraction: Option<f64>,
    /// What happens when a file is no image.
    pub on_bad_image: OnBadImage,
}

/// What happens when a file is no image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnBadImage {
    /// The run ends with an error that names the file.
    #[default]
    Fail,
    /// The file is left out, counted and listed.
    Skip,
}

/// How training images are varied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentConfig {
    /// Least and greatest share of the picture's area in a random crop.
    pub scale: (f64, f64),
    /// Least and greatest aspect of a random crop, width by height.
    pub ratio: (f64, f64),
    /// Probability of mirroring.
    pub flip: f64,
}

/// How gradients change weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// The rule.
    pub kind: OptimizerKind,
    /// The highest learning rate.
    pub lr: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Whether batch normalisation and biases decay too.
    #[serde(default)]
    pub decay_vectors: bool,
    /// Of AdamW: decay of the mean of gradients.
    #[serde(default = "adamw_beta1")]
    pub beta1: f64,
    /// Of AdamW: decay of the mean of squared gradients.
    #[serde(default = "adamw_beta2")]
    pub beta2: f64,
    /// Of AdamW: what keeps its division finite.
    #[serde(default = "adamw_eps")]
    pub eps: f64,
    /// Of SGD: share of the momentum buffer that a step keeps.
    #[serde(default = "sgd_momentum")]
    pub momentum: f64,
}

fn adamw_beta1() -> f64 {
    AdamW::default().beta1
}

fn adamw_beta2() -> f64 {
    AdamW::default().beta2
}

fn adamw_eps() -> f64 {
    AdamW::default().eps
}

fn sgd_momentum() -> f64 {
    Sgd::default().momentum
}

/// An optimizer's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// [`AdamW`].
    AdamW,
    /// [`Sgd`], with Nesterov momentum.
    Sgd,
}

/// The learning rate's way through the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Share of the run's steps in which the rate rises.
    pub warmup: f64,
    /// The rate at the end, as a share of the highest.
    pub floor: f64,
}

/// What keeps the network from learning the images by heart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegulariseConfig {
    /// Share of a target that is spread over all classes.
    pub label_smoothing: f64,
    /// Probability of dropping a feature in front of the classifier.
    pub dropout: f64,
    /// Factor on the drop-path rates of the network's table.
    pub drop_path_scale: f64,
}

/// Weights to begin with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PretrainedConfig {
    /// The weights file; the weights are random where it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Whose conventions the file's weights follow, where its names do not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
}

/// What computes; changes no result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComputeConfig {
    /// `cpu`.
    pub device: String,
    /// Threads that compute.
    pub threads: usize,
    /// Threads that read and decode images.
    pub loader_threads: usize,
}

/// What is kept of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointsConfig {
    /// How many checkpoints of the latest epochs are kept beside the best one.
    pub keep: usize,
}

impl Config {
    /// Whether every value makes sense.
    ///
    /// # Errors
    /// With the first that does not.
    pub fn check(&self) -> Result<()> {
        let positive = [
            ("epochs", self.epochs as usize),
            ("batch", self.batch),
            ("size", self.size),
            ("eval_size", self.eval_size),
            ("compute.threads", self.compute.threads),
            ("compute.loader_threads", self.compute.loader_threads),
            ("checkpoints.keep", self.checkpoints.keep),
        ];
        if let Some((key, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return Err(Error::Setting(format!("{key} = 0: it must be at least 1")));
        }
        let shares = [
            ("schedule.warmup", self.schedule.warmup),
            ("schedule.floor", self.schedule.floor),
            ("regularise.label_smoothing", self.regularise.label_smoothing),
            ("augment.flip", self.augment.flip),
        ];
        if let Some((key, value)) = shares.iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return Err(Error::Setting(format!("{key} = {value}: it must be within 0..=1")));
        }
        let below_one = [
            ("regularise.dropout", self.regularise.dropout),
            ("optimizer.momentum", self.optimizer.momentum),
            ("optimizer.beta1", self.optimizer.beta1),
            ("optimizer.beta2", self.optimizer.beta2),
        ];
        if let Some((key, value)) = below_one.iter().find(|(_, value)| !(0.0..1.0).contains(value)) {
            return Err(Error::Setting(format!("{key} = {value}: it must be at least 0 and below 1")));
        }
        let finite = [
            ("optimizer.lr", self.optimizer.lr, self.optimizer.lr > 0.0),
            ("optimizer.eps", self.optimizer.eps, self.optimizer.eps > 0.0),
            ("optimizer.weight_decay", self.optimizer.weight_decay, self.optimizer.weight_decay >= 0.0),
            ("regularise.drop_path_scale", self.regularise.drop_path_scale, self.regularise.drop_path_scale >= 0.0),
        ];
        if let Some((key, value, _)) = finite.iter().find(|(_, value, sane)| !(value.is_finite() && *sane)) {
            return Err(Error::Setting(format!("{key} = {value}: it must be a positive number")));
        }
        Ok(())
    }

    /// The optimizer.
    pub fn optimizer(&self) -> Optimizer {
        let optimizer = &self.optimizer;
        let decay = Decay { rate: optimizer.weight_decay, vectors: optimizer.decay_vectors };
        match optimizer.kind {
            OptimizerKind::AdamW => {
                let rule = AdamW { beta1: optimizer.beta1, beta2: optimizer.beta2, eps: optimizer.eps };
                Optimizer::new(rule, decay)
            }
            OptimizerKind::Sgd => Optimizer::new(Sgd { momentum: optimizer.momentum }, decay),
        }
    }

    /// The rate's schedule over `steps` steps.
    pub fn schedule(&self, steps: u64) -> Schedule {
        let warmup = (self.schedule.warmup * steps as f64).round() as u64;
        Schedule { peak: self.optimizer.lr, steps, warmup, floor: self.schedule.floor }
    }
}
