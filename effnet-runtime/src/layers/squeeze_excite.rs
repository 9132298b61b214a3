//! Squeeze-and-excitation.

use candle_core::{Result, Tensor};
use effnet_spec::{Activation, Gate, plan};

use crate::graph;
use crate::pass::Pass;
use crate::scope::Scope;

/// Scales each channel by a gate that the means of all channels open.
pub(super) struct SqueezeExcite {
    /// Weight and bias that reduce, weight and bias that expand.
    params: [Tensor; 4],
    activation: Activation,
    gate: Gate,
}

impl SqueezeExcite {
    /// Takes its parameters from `scope`, the layer's own.
    pub(super) fn new(scope: &Scope<'_>, gate: &plan::SqueezeExcite) -> Result<Self> {
        Ok(Self { params: scope.take_all(&gate.params())?, activation: gate.activation, gate: gate.gate })
    }

    /// What it is: `se 6`, which are the squeezed channels.
    pub(super) fn described(&self) -> String {
        format!("se {}", self.params[0].dims()[0])
    }

    pub(super) fn in_pass(&self, pass: &Pass<'_>) -> graph::SqueezeExcite {
        let [reduce_weight, reduce_bias, expand_weight, expand_bias] =
            self.params.each_ref().map(|param| pass.param(param));
        let Self { activation, gate, .. } = *self;
        graph::SqueezeExcite { reduce_weight, reduce_bias, expand_weight, expand_bias, activation, gate }
    }
}
