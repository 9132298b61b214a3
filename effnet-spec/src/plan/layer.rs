//! A layer of a block.

use super::param::{Init, Param, Submodule};
use super::{Conv, PooledConv};
use crate::{Activation, Cost, Gate, Size};

/// A layer with its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its name below its block, which is WZMIAOMIAO's: `expand_conv`. Different in all layers of a block.
    pub name: &'static str,
    /// The name of its convolution, or of its squeeze-and-excitation, in timm: `conv_pw`.
    pub timm: &'static str,
    /// The computation.
    pub kind: LayerKind,
}

/// The computation of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// A convolution, batch normalisation, and perhaps the activation.
    Conv(Conv),
    /// A gate for each channel.
    SqueezeExcite(SqueezeExcite),
    /// The mean over pixels, and a convolution of it.
    Pooled(PooledConv),
}

/// The mean over pixels, a 1×1 convolution with bias and activation, another with bias, the gate's function, and the
/// product of its output and the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqueezeExcite {
    /// Channels in and out.
    pub channels: usize,
    /// Channels between the two convolutions.
    pub squeezed: usize,
    /// The activation behind the first.
    pub activation: Activation,
    /// The function behind the second.
    pub gate: Gate,
}

impl Layer {
    /// The size of its output, for a map of size `input`.
    pub const fn output(&self, input: Size) -> Size {
        match self.kind {
            LayerKind::Conv(conv) => conv.output(input),
            LayerKind::SqueezeExcite(_) => input,
            LayerKind::Pooled(_) => Size::ONE,
        }
    }

    /// Its cost, for a map of size `input`.
    pub const fn cost(&self, input: Size) -> Cost {
        match self.kind {
            LayerKind::Conv(conv) => conv.cost(input),
            LayerKind::SqueezeExcite(gate) => gate.cost(),
            LayerKind::Pooled(conv) => conv.cost(),
        }
    }

    /// Its parameters and buffers, in the order in which an image meets them.
    pub fn params(&self) -> Vec<(Submodule, Param)> {
        match self.kind {
            LayerKind::Conv(conv) => conv.params().into(),
            LayerKind::SqueezeExcite(gate) => gate.params().into(),
            LayerKind::Pooled(conv) => conv.params(),
        }
    }
}

impl SqueezeExcite {
    /// Numbers in the filter of either convolution.
    pub const fn weights(&self) -> u64 {
        (self.channels as u64).saturating_mul(self.squeezed as u64)
    }

    /// Its cost, for a map of any size: both convolutions see one pixel.
    pub const fn cost(&self) -> Cost {
        let weights = self.weights().saturating_mul(2);
        let outputs = (self.channels as u64).saturating_add(self.squeezed as u64);
        Cost { params: weights.saturating_add(outputs), buffers: 0, macs: weights, activations: outputs }
    }

    /// Weights and bias of the convolution that reduces, and of the one that expands. Weights start as a convolution's.
    pub fn params(&self) -> [(Submodule, Param); 4] {
        let weight = |module, outputs: usize, inputs| {
            let init = Init::Normal { deviation: (2.0 / outputs as f64).sqrt() };
            (module, Param::new("weight", [outputs, inputs, 1, 1], init))
        };
        let bias = |module, outputs| (module, Param::new("bias", [outputs], Init::Constant(0.0)));
        let Self { channels, squeezed, .. } = *self;
        [
            weight(Submodule::Reduce, squeezed, channels),
            bias(Submodule::Reduce, squeezed),
            weight(Submodule::Expand, channels, squeezed),
            bias(Submodule::Expand, channels),
        ]
    }
}
