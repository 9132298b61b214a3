//! A convolution of a network.

use super::param::{Init, Param, Submodule};
use crate::{Activation, Cost, Size};

/// A convolution without a bias, the batch normalisation behind it, and the activation behind that where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// Dense or depthwise.
    pub kind: ConvKind,
    /// Channels in.
    pub in_channels: usize,
    /// Channels out; as many as in for a depthwise one.
    pub out_channels: usize,
    /// Side of the k×k kernel.
    pub kernel: usize,
    /// Stride, in both directions.
    pub stride: usize,
    /// The activation that follows, if any.
    pub activation: Option<Activation>,
}

/// The input channels that an output channel sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConvKind {
    /// All channels.
    Dense,
    /// Its own channel.
    Depthwise,
}

impl Conv {
    /// A dense one with activation.
    pub(crate) const fn activated(
        [in_channels, out_channels]: [usize; 2],
        kernel: usize,
        stride: usize,
        activation: Activation,
    ) -> Self {
        let activation = Some(activation);
        Self { kind: ConvKind::Dense, in_channels, out_channels, kernel, stride, activation }
    }

    /// Whether it is dense and sees one pixel at a time: a matrix product.
    pub const fn is_pointwise(&self) -> bool {
        matches!(self.kind, ConvKind::Dense) && self.kernel == 1 && self.stride == 1
    }

    /// The size of its output, for a map of size `input`.
    pub const fn output(&self, input: Size) -> Size {
        input.strided(self.stride)
    }

    /// Input channels that an output channel sees.
    pub const fn inputs(&self) -> usize {
        match self.kind {
            ConvKind::Dense => self.in_channels,
            ConvKind::Depthwise => 1,
        }
    }

    /// Numbers in the kernel.
    pub const fn weights(&self) -> u64 {
        let area = (self.kernel as u64).saturating_mul(self.kernel as u64);
        area.saturating_mul(self.inputs() as u64).saturating_mul(self.out_channels as u64)
    }

    /// Its cost, batch normalisation included, for a map of size `input`.
    pub const fn cost(&self, input: Size) -> Cost {
        let channels = self.out_channels as u64;
        let pixels = self.output(input).pixels();
        Cost {
            params: self.weights().saturating_add(channels.saturating_mul(2)),
            buffers: channels.saturating_mul(2),
            macs: self.weights().saturating_mul(pixels),
            activations: channels.saturating_mul(pixels),
        }
    }

    /// Its weights; scale, shift, mean and variance of its batch normalisation. The weights start as
    /// N(0, √(2 / (k·k·out/groups))), as automl's and timm's.
    pub fn params(&self) -> [(Submodule, Param); 5] {
        let Self { out_channels, kernel, .. } = *self;
        let outputs_of_group = match self.kind {
            ConvKind::Dense => out_channels,
            ConvKind::Depthwise => 1,
        };
        let deviation = (2.0 / (kernel * kernel * outputs_of_group) as f64).sqrt();
        let shape = [out_channels, self.inputs(), kernel, kernel];
        let norm = |name, value| (Submodule::Norm, Param::new(name, [out_channels], Init::Constant(value)));
        [
            (Submodule::Conv, Param::new("weight", shape, Init::Normal { deviation })),
            norm("weight", 1.0),
            norm("bias", 0.0),
            norm("running_mean", 0.0),
            norm("running_var", 1.0),
        ]
    }
}
