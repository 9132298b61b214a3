//! Convolution, batch normalisation, activation.

use candle_core::{Result, Tensor};
use candle_nn::Init;
use effnet_spec::{Activation, Padding};

use super::sequence::{Layer, Sequence};
use crate::ops::{BatchMoments, ConvNormAct, Kind, Norm, Part, Window};
use crate::pass::{BatchStatistics, Pass};
use crate::scope::Scope;

/// Sizes of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Dense or depthwise; a depthwise one has as many channels out as in.
    pub kind: Kind,
    /// Channels in.
    pub in_channels: usize,
    /// Channels out.
    pub out_channels: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Step of the kernel.
    pub stride: usize,
}

/// `f(bn(x ∗ w))`; parameters `conv.weight`, `bn.weight`, `bn.bias`, `bn.running_mean`, `bn.running_var`.
#[derive(Debug)]
pub struct ConvBnAct {
    shape: ConvShape,
    padding: Padding,
    activation: Option<Activation>,
    eps: f64,
    momentum: f64,
    /// Whether training, too, normalises by the running statistics.
    frozen: bool,
    /// Name of the batch normalisation, such as `blocks.0.expand_conv.bn`.
    norm_name: String,
    weight: Tensor,
    gamma: Tensor,
    beta: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
}

impl ConvBnAct {
    /// Takes its parameters from `scope`. The convolution starts as N(0, √(2 / (k·k·out/groups))), as automl's and timm's.
    ///
    /// # Errors
    /// When the scope lacks a parameter, or has it in another shape.
    pub fn new(scope: &Scope<'_>, shape: ConvShape, activation: Option<Activation>) -> Result<Self> {
        let ConvShape { kind, in_channels, out_channels, kernel, .. } = shape;
        let (weight_inputs, fan_out) = match kind {
            Kind::Dense => (in_channels, kernel * kernel * out_channels),
            Kind::Depthwise => (1, kernel * kernel),
        };
        let init = Init::Randn { mean: 0.0, stdev: (2.0 / fan_out as f64).sqrt() };
        let weight = scope.below("conv").get((out_channels, weight_inputs, kernel, kernel), "weight", init)?;
        let norm = scope.below("bn");
        Ok(Self {
            shape,
            padding: scope.dialect().padding,
            activation,
            eps: scope.dialect().bn_eps,
            momentum: scope.momentum(),
            frozen: norm.is_frozen("weight"),
            norm_name: norm.name(),
            weight,
            gamma: norm.get(out_channels, "weight", Init::Const(1.0))?,
            beta: norm.get(out_channels, "bias", Init::Const(0.0))?,
            running_mean: norm.get(out_channels, "running_mean", Init::Const(0.0))?,
            running_var: norm.get(out_channels, "running_var", Init::Const(1.0))?,
        })
    }

    /// The layer by itself.
    pub fn sequence(&self) -> Sequence<'_> {
        Sequence { layers: vec![Layer::ConvBnAct(self)], shortcut: None }
    }

    /// Weight, scale, shift.
    pub(super) fn params(&self) -> [&Tensor; 3] {
        [&self.weight, &self.gamma, &self.beta]
    }

    /// The operation on parameters that are [`ConvBnAct::params`], or these detached.
    pub(super) fn part<'a>(&'a self, [weight, gamma, beta]: &'a [Tensor; 3], pass: &Pass<'_>) -> Part<'a> {
        let norm = match pass {
            Pass::Train(_) if !self.frozen => Norm::Batch,
            Pass::Train(_) | Pass::Eval(_) => Norm::Running { mean: &self.running_mean, variance: &self.running_var },
        };
        let ConvShape { kind, kernel, stride, .. } = self.shape;
        let window = Window { kernel, stride, padding: self.padding };
        let (eps, activation) = (self.eps, self.activation);
        Part::ConvNormAct(ConvNormAct { kind, window, weight, gamma, beta, eps, norm, activation })
    }

    /// Leaves a batch's moments where a training step collects them.
    pub(super) fn record(&self, moments: BatchMoments, pass: &Pass<'_>) {
        if let Pass::Train(step) = pass {
            let BatchMoments { mean, variance } = moments;
            step.norms.record(&self.norm_name, BatchStatistics { mean, variance, momentum: self.momentum });
        }
    }
}
