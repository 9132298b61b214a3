//! A parameter of a layer.

use candle_core::Tensor;

use crate::pass::Pass;

/// A parameter in two forms that share their values: tracked for training, detached for evaluation, where a gradient
/// would keep activations alive.
#[derive(Debug)]
pub(super) struct Param {
    tracked: Tensor,
    detached: Tensor,
}

impl Param {
    pub(super) fn of(&self, pass: &Pass<'_>) -> Tensor {
        match pass {
            Pass::Train(_) => self.tracked.clone(),
            Pass::Eval(_) => self.detached.clone(),
        }
    }
}

impl From<Tensor> for Param {
    fn from(tensor: Tensor) -> Self {
        Self { detached: tensor.detach(), tracked: tensor }
    }
}
