//! The optimizer that the settings describe.

use super::super::optimizer::{AdamW, Decay, Optimizer, RmsProp, Sgd};
use super::{Config, OptimizerConfig, OptimizerKind};

impl Config {
    /// Builds the optimizer.
    pub fn optimizer(&self) -> Optimizer {
        let OptimizerConfig { kind, beta1, beta2, rms_decay, momentum, eps, weight_decay, decay_vectors, .. } =
            self.optimizer;
        let decay = Decay { rate: weight_decay, vectors: decay_vectors, except: self.optimizer.no_decay.clone() };
        let eps_or = |default: f64| eps.unwrap_or(default);
        let optimizer = match kind {
            OptimizerKind::AdamW => Optimizer::new(AdamW { beta1, beta2, eps: eps_or(AdamW::default().eps) }, decay),
            OptimizerKind::Sgd => Optimizer::new(Sgd { momentum }, decay),
            OptimizerKind::RmsProp => {
                Optimizer::new(RmsProp { decay: rms_decay, momentum, eps: eps_or(RmsProp::default().eps) }, decay)
            }
        };
        optimizer.clipping(self.optimizer.clip_norm)
    }
}
