//! The settings of a run.
//!
//! A run's settings are layers of TOML, each over the one before: what follows from the network, the recipe, the file
//! of `--config`, the flags. What comes out is written to the run folder as `config.toml`, which is such a file itself.

mod augment;
mod check;
mod layers;
mod optimizer;
mod recipe;
mod schedule;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use effnet_kernels::Precision;
use serde::{Deserialize, Serialize};

pub use augment::{AugmentConfig, PolicyKind};
pub use layers::{Layer, merge};
pub use optimizer::{OptimizerConfig, OptimizerKind};
pub use recipe::{RECIPES, Recipe};
pub use schedule::{ScheduleConfig, ScheduleKind, StagesConfig};

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
    /// Parts that a step's images go through the network in, one after the other: less memory, more steps of batch
    /// normalisation.
    #[serde(default = "one")]
    pub accumulate: usize,
    /// Number format of the activations: `f32`, or, on a CUDA device, `bf16`.
    #[serde(default)]
    pub precision: Precision,
    /// Side in pixels of a training image; with several stages, of the last one's.
    pub size: usize,
    /// Side in pixels of a validation image.
    pub eval_size: usize,
    /// The images.
    pub data: DataConfig,
    /// How training images are varied.
    pub augment: AugmentConfig,
    /// Progressive learning.
    #[serde(default)]
    pub stages: StagesConfig,
    /// How gradients change weights.
    pub optimizer: OptimizerConfig,
    /// The learning rate's way through the run.
    pub schedule: ScheduleConfig,
    /// What keeps the network from learning the images by heart.
    pub regularise: RegulariseConfig,
    /// The moving average of the weights.
    #[serde(default)]
    pub ema: EmaConfig,
    /// Weights to begin with.
    #[serde(default)]
    pub pretrained: PretrainedConfig,
    /// What computes; changes no result.
    pub compute: ComputeConfig,
    /// What is kept of a run.
    pub checkpoints: CheckpointsConfig,
}

fn one() -> usize {
    1
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

/// What keeps the network from learning the images by heart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegulariseConfig {
    /// Share of a target that is spread over all classes.
    pub label_smoothing: f64,
    /// Probability of dropping a feature in front of the classifier; with several stages, in the last one.
    pub dropout: f64,
    /// Factor on the drop-path rates of the network's table.
    pub drop_path_scale: f64,
    /// How much each class counts in the loss.
    #[serde(default)]
    pub class_weights: ClassWeights,
    /// Weights that stay as they are: names with `*` for any text, or `backbone` for all in front of the head. A batch
    /// normalisation whose scale is among them keeps its running statistics, and uses them.
    #[serde(default)]
    pub freeze: Vec<String>,
}

/// How much each class counts in the loss. The mean over the training images is 1 in any case, so that the rate keeps
/// its meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClassWeights {
    /// A rule.
    Rule(ClassWeightsRule),
    /// A weight a class, in the order of the labels.
    Listed(Vec<f64>),
}

/// A rule for the weights of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassWeightsRule {
    /// Every image counts the same.
    Equal,
    /// Every class counts the same: each weighs the inverse of its training images.
    Balanced,
}

impl Default for ClassWeights {
    fn default() -> Self {
        Self::Rule(ClassWeightsRule::Equal)
    }
}

/// The moving average of the weights and running statistics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmaConfig {
    /// Share of the average that a step keeps; 0 for no average. The first steps keep less: `(1 + n) / (10 + n)` in step
    /// `n`, as TensorFlow's `ExponentialMovingAverage` with `num_updates` does.
    pub decay: f64,
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
    /// `cpu`, `cuda`, `cuda:N` or `auto`, as [`crate::device::open`] takes them.
    pub device: String,
    /// Threads that compute.
    pub threads: usize,
    /// Threads that read and decode images.
    pub loader_threads: usize,
}

/// What is kept of a run, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointsConfig {
    /// How many checkpoints of the latest epochs are kept beside the best one.
    pub keep: usize,
    /// Steps after which `last.safetensors` is written within an epoch; 0 for never.
    #[serde(default)]
    pub steps: u64,
    /// Minutes after which `last.safetensors` is written within an epoch; 0 for never.
    #[serde(default)]
    pub minutes: f64,
}
