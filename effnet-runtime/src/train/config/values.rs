//! Values of settings that are one of a few words.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

#[cfg(doc)]
use super::super::optimizer::{AdamW, RmsProp, Sgd};
use crate::collective::Collective;
use crate::pass::Statistics;

/// An optimizer's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// [`AdamW`].
    AdamW,
    /// [`Sgd`], with Nesterov momentum.
    Sgd,
    /// [`RmsProp`], in TensorFlow's form.
    RmsProp,
}

/// A policy of augmentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyKind {
    /// No policy.
    None,
    /// RandAugment with `layers` and `magnitude`.
    RandAugment,
    /// AutoAugment's policy for ImageNet; stages do not change it.
    AutoAugment,
}

/// How the rate declines after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    /// Half a cosine down to the floor.
    Cosine,
    /// A staircase of `decay_factor` every `decay_epochs`, counted from the run's start.
    Exponential,
    /// A straight line down to the floor.
    Linear,
    /// Constant after the warm-up.
    Constant,
}

/// Statistics that batch normalisation uses in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatisticsKind {
    /// [`Statistics::Local`].
    Local,
    /// [`Statistics::Synchronised`].
    Synchronised,
    /// [`Statistics::Running`].
    Running,
}

impl StatisticsKind {
    /// The statistics, of a run over these ranks.
    pub(crate) fn over(self, ranks: Arc<dyn Collective>) -> Statistics {
        match self {
            Self::Local => Statistics::Local,
            Self::Synchronised => Statistics::Synchronised(ranks),
            Self::Running => Statistics::Running,
        }
    }
}

/// How much each class counts in the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClassWeights {
    /// A rule.
    Rule(ClassWeightsRule),
    /// One weight per class, in the order of the labels.
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
