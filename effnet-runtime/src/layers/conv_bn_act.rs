//! Convolution, batch normalisation, activation.

use std::sync::Arc;

use candle_core::{Result, Tensor};
use effnet_spec::Activation;
use effnet_spec::plan::{Conv, Submodule};

use crate::graph::{BatchMoments, ConvNormAct, Kind, Norm, Window};
use crate::pass::{BatchStatistics, Pass, Statistics};
use crate::scope::Scope;

/// `f(bn(x ∗ w))`.
pub(super) struct ConvBnAct {
    kind: Kind,
    window: Window,
    activation: Option<Activation>,
    eps: f64,
    momentum: f64,
    /// Whether training, too, normalises by the running statistics.
    frozen: bool,
    /// Whole name of the batch normalisation, such as `body.blocks.0.expand_conv.bn`.
    norm_name: String,
    weight: Tensor,
    gamma: Tensor,
    beta: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
}

impl ConvBnAct {
    /// Takes its parameters from `scope`, the layer's own.
    pub(super) fn new(scope: &Scope<'_>, conv: &Conv) -> Result<Self> {
        let norm = scope.below(Submodule::Norm.name());
        let [weight, gamma, beta, running_mean, running_var] = scope.take_all(&conv.params())?;
        Ok(Self {
            kind: conv.kind,
            window: Window { kernel: conv.kernel, stride: conv.stride, padding: scope.dialect.padding },
            activation: conv.activation,
            eps: scope.dialect.bn_eps,
            momentum: scope.momentum,
            frozen: norm.is_frozen("weight"),
            norm_name: norm.whole_name(),
            weight,
            gamma,
            beta,
            running_mean,
            running_var,
        })
    }

    /// Its own name, such as `blocks.0.expand_conv`.
    pub(super) fn name(&self) -> &str {
        self.norm_name.rsplit_once('.').map_or("", |(layer, _)| layer)
    }

    /// What it is: `expand_conv 3×3 24→96 stride 2 silu`.
    pub(super) fn described(&self) -> String {
        let Self { window: Window { kernel, stride, .. }, .. } = *self;
        let name = self.name().rsplit('.').next().unwrap_or_default();
        let channels = match (self.kind, self.weight.dims()) {
            (Kind::Depthwise, [channels, ..]) => channels.to_string(),
            (_, [out, input, ..]) => format!("{input}→{out}"),
            _ => String::new(),
        };
        let stride = if stride == 1 { String::new() } else { format!(" stride {stride}") };
        let activation = self.activation.map_or(String::new(), |activation| format!(" {activation}"));
        format!("{name} {kernel}×{kernel} {channels}{stride}{activation}")
    }

    pub(super) fn in_pass(&self, pass: &Pass<'_>) -> ConvNormAct {
        let statistics = match pass {
            Pass::Train(step) if !self.frozen => step.statistics,
            Pass::Train(_) | Pass::Eval(_) => &Statistics::Running,
        };
        let norm = match statistics {
            Statistics::Local => Norm::Batch,
            Statistics::Synchronised(ranks) => Norm::Synchronised(Arc::clone(ranks)),
            Statistics::Others(ranks) => Norm::Others(Arc::clone(ranks)),
            Statistics::Running => {
                Norm::Running { mean: self.running_mean.clone(), variance: self.running_var.clone() }
            }
        };
        let [weight, gamma, beta] = [&self.weight, &self.gamma, &self.beta].map(|param| pass.param(param));
        let Self { kind, window, activation, eps, .. } = *self;
        ConvNormAct { kind, window, weight, gamma, beta, eps, norm, activation }
    }

    /// Leaves a batch's moments where a training step collects them.
    pub(super) fn record(&self, moments: BatchMoments, pass: &Pass<'_>) {
        if let Pass::Train(step) = pass {
            let BatchMoments { mean, variance } = moments;
            step.norms.record(&self.norm_name, BatchStatistics { mean, variance, momentum: self.momentum });
        }
    }
}
