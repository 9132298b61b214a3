//! How gradients change weights.

use serde::{Deserialize, Serialize};

use super::super::optimizer::{AdamW, Decay, Optimizer, RmsProp, Sgd};
use super::Config;

/// How gradients change weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// The rule.
    pub kind: OptimizerKind,
    /// The highest learning rate.
    pub lr: f64,
    /// The images of a step that `lr` is meant for: the rate is `lr · batch / lr_batch`. 0 for a rate of `lr` as it
    /// stands.
    #[serde(default)]
    pub lr_batch: usize,
    /// Weight decay.
    pub weight_decay: f64,
    /// Whether batch normalisation and biases decay too.
    #[serde(default)]
    pub decay_vectors: bool,
    /// Weights that do not decay: names with `*` for any text.
    #[serde(default)]
    pub no_decay: Vec<String>,
    /// The norm that all gradients together are scaled down to where they exceed it; 0 for no limit.
    #[serde(default)]
    pub clip_norm: f64,
    /// Of AdamW: decay of the mean of gradients.
    #[serde(default = "adamw_beta1")]
    pub beta1: f64,
    /// Of AdamW: decay of the mean of squared gradients.
    #[serde(default = "adamw_beta2")]
    pub beta2: f64,
    /// What keeps AdamW's and RMSprop's division finite: 1e-8 and 1e-3 where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eps: Option<f64>,
    /// Of RMSprop: decay of the mean of squared gradients.
    #[serde(default = "rmsprop_decay")]
    pub rms_decay: f64,
    /// Of SGD and RMSprop: share of the momentum buffer that a step keeps.
    #[serde(default = "sgd_momentum")]
    pub momentum: f64,
}

fn adamw_beta1() -> f64 {
    AdamW::default().beta1
}

fn adamw_beta2() -> f64 {
    AdamW::default().beta2
}

fn rmsprop_decay() -> f64 {
    RmsProp::default().decay
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
    /// [`RmsProp`], in TensorFlow's form.
    RmsProp,
}

impl Config {
    /// The optimizer.
    pub fn optimizer(&self) -> Optimizer {
        let OptimizerConfig { kind, beta1, beta2, rms_decay, momentum, eps, .. } = self.optimizer;
        let decay = Decay {
            rate: self.optimizer.weight_decay,
            vectors: self.optimizer.decay_vectors,
            except: self.optimizer.no_decay.clone(),
        };
        let optimizer = match kind {
            OptimizerKind::AdamW => {
                Optimizer::new(AdamW { beta1, beta2, eps: eps.unwrap_or(AdamW::default().eps) }, decay)
            }
            OptimizerKind::Sgd => Optimizer::new(Sgd { momentum }, decay),
            OptimizerKind::RmsProp => {
                let eps = eps.unwrap_or(RmsProp::default().eps);
                Optimizer::new(RmsProp { decay: rms_decay, momentum, eps }, decay)
            }
        };
        optimizer.clipping(self.optimizer.clip_norm)
    }
}
