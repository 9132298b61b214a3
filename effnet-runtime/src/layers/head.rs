//! The head: the last feature map to embeddings, and to logits.

use std::fmt;

use candle_core::{DType, Result, Tensor};
use effnet_spec::plan::{LayerKind, Linear, PooledConv, Site};
use effnet_spec::{Padding, Spec};

use super::Block;
use super::dropout::dropout;
use crate::graph::{self, ConvNormAct, Kind, Norm, Sequence, Window};
use crate::ops;
use crate::pass::Pass;
use crate::scope::Scope;

/// A convolution in front of the mean over pixels or behind it, dropout, and the classifier; a network may go without
/// any of them.
#[derive(Clone)]
pub(crate) struct Head {
    /// The convolution in front of the mean.
    pub(super) conv: Option<Block>,
    pooled: Option<Pooled>,
    /// Weight and bias.
    classifier: Option<[Tensor; 2]>,
}

/// One short line: `head: project_conv 1×1 256→1280 silu, mean, classifier 1280→1000`.
impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let matrix = |name: &str, weight: &Tensor| format!("{name} {}→{}", weight.dims()[1], weight.dims()[0]);
        let conv = self.conv.as_ref().map(|conv| format!("{conv:?}"));
        let pooled = self.pooled.as_ref().map(|pooled| matrix("pooled", &pooled.weight));
        let classifier = self.classifier.as_ref().map(|[weight, _]| matrix("classifier", weight));
        let parts: Vec<String> = [conv, Some("mean".to_owned()), pooled, classifier].into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}

impl Head {
    /// Takes its parameters from `root`, the network's scope.
    ///
    /// # Errors
    /// When the scope lacks a parameter, or has it in another shape.
    pub(crate) fn new(root: &Scope<'_>, spec: &Spec, num_classes: usize) -> Result<Self> {
        let (mut conv, mut pooled) = (None, None);
        if let Some(site) = spec.head() {
            match &site.layer.kind {
                LayerKind::Pooled(layer) => pooled = Some(Pooled::new(root, &site, layer)?),
                LayerKind::Conv(_) | LayerKind::SqueezeExcite(_) => conv = Some(Block::of_site(root, &site)?),
            }
        }
        let scope = root.below(Linear::NAME);
        let classifier = spec.classifier(num_classes).map(|classifier| {
            let [weight, bias] = classifier.params();
            Ok::<_, candle_core::Error>([scope.take(&weight)?, scope.take(&bias)?])
        });
        Ok(Self { conv, pooled, classifier: classifier.transpose()? })
    }

    /// Embeddings `[N, num_features]`, in f32, of the map that the mean is taken of, `[N, H, W, C]`.
    pub(super) fn embeddings(&self, map: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        // From here on everything is f32, whatever the activations were.
        let means = ops::global_mean(map)?.to_dtype(DType::F32)?;
        match &self.pooled {
            Some(pooled) => pooled.run(&means, pass),
            None => Ok(means),
        }
    }

    /// Logits `[N, num_classes]` of embeddings; without classes, the embeddings themselves.
    pub(super) fn logits(&self, embeddings: Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        let Some([weight, bias]) = &self.classifier else { return Ok(embeddings) };
        ops::linear(&dropout(embeddings, pass)?, &pass.param(weight), &pass.param(bias))
    }
}

/// The convolution of a pooled head. It runs as one whose normalisation changes nothing but for the shift, the bias: all
/// backends have that one, with its gradients.
#[derive(Clone)]
struct Pooled {
    conv: PooledConv,
    weight: Tensor,
    /// Zeros where the convolution has none.
    bias: Tensor,
    zeros: Tensor,
    ones: Tensor,
}

impl Pooled {
    fn new(root: &Scope<'_>, site: &Site, conv: &PooledConv) -> Result<Self> {
        let scope = root.below(site.name());
        let params = conv.params().into_iter();
        let mut params = params.map(|(module, param)| scope.below(module.name()).take(&param));
        let (weight, bias) = (params.next().transpose()?, params.next().transpose()?);
        let Some(weight) = weight else { candle_core::bail!("`{}` has no weight", site.name()) };
        let zeros = Tensor::zeros(conv.out_channels, DType::F32, weight.device())?;
        let ones = zeros.ones_like()?;
        Ok(Self { conv: *conv, weight, bias: bias.unwrap_or_else(|| zeros.clone()), zeros, ones })
    }

    /// `[N, O]` of `x` = `[N, I]`.
    fn run(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        let (batch, channels) = x.dims2()?;
        let layer = graph::Layer::ConvNormAct(ConvNormAct {
            kind: Kind::Dense,
            window: Window { kernel: 1, stride: 1, padding: Padding::Symmetric },
            weight: pass.param(&self.weight),
            gamma: self.ones.clone(),
            beta: pass.param(&self.bias),
            eps: 0.0,
            norm: Norm::Running { mean: self.zeros.clone(), variance: self.ones.clone() },
            activation: Some(self.conv.activation),
        });
        let (y, _) =
            graph::chain(&x.reshape((batch, 1, 1, channels))?, &[Sequence { layers: vec![layer], shortcut: None }])?;
        y.reshape((batch, self.conv.out_channels))
    }
}
