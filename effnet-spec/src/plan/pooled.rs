//! The convolution of a pooled head.

use super::param::{Init, Param, Submodule};
use crate::{Activation, Cost};

/// A 1×1 convolution of one pixel, the mean of a map, without normalisation: a matrix product, and an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PooledConv {
    /// Channels in.
    pub in_channels: usize,
    /// Channels out.
    pub out_channels: usize,
    /// Whether a bias is added.
    pub bias: bool,
    /// The activation behind it.
    pub activation: Activation,
}

impl PooledConv {
    /// Its cost.
    pub const fn cost(&self) -> Cost {
        let (inputs, outputs) = (self.in_channels as u64, self.out_channels as u64);
        let macs = inputs.saturating_mul(outputs);
        let biases = if self.bias { outputs } else { 0 };
        Cost { params: macs.saturating_add(biases), buffers: 0, macs, activations: outputs }
    }

    /// Weight `[O, I, 1, 1]`, and bias where it has one. The weight starts as a convolution's.
    pub fn params(&self) -> Vec<(Submodule, Param)> {
        let Self { in_channels, out_channels, bias, .. } = *self;
        let init = Init::Normal { deviation: (2.0 / out_channels as f64).sqrt() };
        let weight = Param::new("weight", [out_channels, in_channels, 1, 1], init);
        let bias = bias.then(|| Param::new("bias", [out_channels], Init::Constant(0.0)));
        [Some(weight), bias].into_iter().flatten().map(|param| (Submodule::Conv, param)).collect()
    }
}
