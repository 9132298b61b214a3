//! Squeeze-and-excitation.

use candle_core::{Result, Tensor};
use candle_nn::Init;
use effnet_spec::Activation;

use crate::ops::{self, Part};
use crate::scope::Scope;

/// Scales each channel by a gate that the means of all channels open; parameters `conv_reduce.weight`,
/// `conv_reduce.bias`, `conv_expand.weight`, `conv_expand.bias`.
#[derive(Debug)]
pub struct SqueezeExcite {
    reduce_weight: Tensor,
    reduce_bias: Tensor,
    expand_weight: Tensor,
    expand_bias: Tensor,
    activation: Activation,
}

impl SqueezeExcite {
    /// Of `channels`, through `squeezed`. Weights start as a convolution's, biases at 0.
    ///
    /// # Errors
    /// When the scope lacks a parameter, or has it in another shape.
    pub fn new(scope: &Scope<'_>, channels: usize, squeezed: usize) -> Result<Self> {
        let conv = |name: &str, out: usize, input: usize| -> Result<(Tensor, Tensor)> {
            let scope = scope.below(name);
            let init = Init::Randn { mean: 0.0, stdev: (2.0 / out as f64).sqrt() };
            Ok((scope.get((out, input, 1, 1), "weight", init)?, scope.get(out, "bias", Init::Const(0.0))?))
        };
        let (reduce_weight, reduce_bias) = conv("conv_reduce", squeezed, channels)?;
        let (expand_weight, expand_bias) = conv("conv_expand", channels, squeezed)?;
        Ok(Self { reduce_weight, reduce_bias, expand_weight, expand_bias, activation: scope.activation() })
    }

    /// Weight and bias that reduce, weight and bias that expand.
    pub(super) fn params(&self) -> [&Tensor; 4] {
        [&self.reduce_weight, &self.reduce_bias, &self.expand_weight, &self.expand_bias]
    }

    /// The operation on parameters that are [`SqueezeExcite::params`], or these detached.
    pub(super) fn part<'a>(&self, params: &'a [Tensor; 4]) -> Part<'a> {
        let [reduce_weight, reduce_bias, expand_weight, expand_bias] = params;
        let activation = self.activation;
        Part::SqueezeExcite(ops::SqueezeExcite { reduce_weight, reduce_bias, expand_weight, expand_bias, activation })
    }
}
