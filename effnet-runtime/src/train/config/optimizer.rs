//! The optimizer that the settings describe.

use super::super::optimizer::{AdamW, Decay, Optimizer, RmsProp, Sgd};
use super::{Config, OptimizerConfig, OptimizerKind};

impl Config {
    /// Builds the optimizer.
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
