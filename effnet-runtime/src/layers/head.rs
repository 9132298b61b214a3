//! The head: the last feature map to logits.

use candle_core::{DType, Result, Tensor};
use effnet_spec::Spec;
use effnet_spec::plan::Linear;

use super::Block;
use super::dropout::dropout;
use crate::ops;
use crate::pass::Pass;
use crate::scope::Scope;

/// A 1×1 convolution with batch normalisation and activation, the mean over pixels, dropout, and the classifier.
#[derive(Debug)]
pub(crate) struct Head {
    pub(super) conv: Block,
    weight: Tensor,
    bias: Tensor,
}

impl Head {
    /// Takes its parameters from `root`, the network's scope.
    ///
    /// # Errors
    /// When the scope lacks a parameter, or has it in another shape.
    pub(crate) fn new(root: &Scope<'_>, spec: &Spec, num_classes: usize) -> Result<Self> {
        let conv = Block::of_site(root, &spec.head())?;
        let classifier = root.below(Linear::NAME);
        let [weight, bias] = spec.classifier(num_classes).params();
        Ok(Self { conv, weight: classifier.take(&weight)?, bias: classifier.take(&bias)? })
    }

    /// Logits `[N, num_classes]` of what its convolution puts out, `[N, H, W, num_features]`.
    pub(super) fn logits(&self, map: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        // From here on everything is f32, whatever the activations were.
        let features = ops::global_mean(map)?.to_dtype(DType::F32)?;
        let features = dropout(features, pass)?;
        ops::linear(&features, &pass.param(&self.weight), &pass.param(&self.bias))
    }
}
