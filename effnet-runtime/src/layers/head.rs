//! The head: the last feature map to logits.

use candle_core::{DType, Result, Tensor};
use candle_nn::Init;

use super::dropout::dropout;
use super::{ConvBnAct, ConvShape, Sequence};
use crate::ops::{self, Kind};
use crate::pass::Pass;
use crate::scope::Scope;

/// A 1×1 convolution with batch normalisation and activation, the mean over pixels, dropout, and the classifier;
/// parameters below `project_conv`, and `classifier.weight`, `classifier.bias`.
#[derive(Debug)]
pub struct Head {
    project: ConvBnAct,
    weight: Tensor,
    bias: Tensor,
}

impl Head {
    /// Takes its parameters from `scope`, the head's own. The classifier starts as N(0, 0.01) with bias 0.
    ///
    /// # Errors
    /// When the scope lacks a parameter, or has it in another shape.
    pub fn new(scope: &Scope<'_>, in_channels: usize, num_features: usize, num_classes: usize) -> Result<Self> {
        let shape = ConvShape { kind: Kind::Dense, in_channels, out_channels: num_features, kernel: 1, stride: 1 };
        let project = ConvBnAct::new(&scope.below("project_conv"), shape, Some(scope.activation()))?;
        let classifier = scope.below("classifier");
        let init = Init::Randn { mean: 0.0, stdev: 0.01 };
        Ok(Self {
            project,
            weight: classifier.get((num_classes, num_features), "weight", init)?,
            bias: classifier.get(num_classes, "bias", Init::Const(0.0))?,
        })
    }

    /// Its convolution.
    pub fn sequence(&self) -> Sequence<'_> {
        self.project.sequence()
    }

    /// Logits `[N, num_classes]` of what its convolution puts out, `[N, H, W, num_features]`.
    ///
    /// # Errors
    /// When the map does not fit, or candle fails.
    pub fn logits(&self, map: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        // From here on all is f32, whatever the activations were.
        let features = ops::global_mean(map)?.to_dtype(DType::F32)?;
        let features = dropout(features, pass)?;
        match pass {
            Pass::Train(_) => ops::linear(&features, &self.weight, &self.bias),
            Pass::Eval(_) => ops::linear(&features, &self.weight.detach(), &self.bias.detach()),
        }
    }
}
