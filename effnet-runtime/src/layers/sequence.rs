//! Layers one after the other, as one node of the graph.

use candle_core::{Result, Tensor};

use super::drop_path::DropPath;
use super::{ConvBnAct, Head, SqueezeExcite, Stem};
use crate::ops::{self, Around};
use crate::pass::Pass;

/// A layer of a sequence.
#[derive(Clone, Copy)]
pub(super) enum Layer<'a> {
    ConvBnAct(&'a ConvBnAct),
    SqueezeExcite(&'a SqueezeExcite),
}

/// A layer's parameters as a pass wants them: in an evaluation detached, so that no activation is kept alive for the sake
/// of their gradients.
pub(super) fn for_pass<const N: usize>(params: [&Tensor; N], pass: &Pass<'_>) -> [Tensor; N] {
    params.map(|param| match pass {
        Pass::Train(_) => param.clone(),
        Pass::Eval(_) => param.detach(),
    })
}

enum Params {
    ConvBnAct([Tensor; 3]),
    SqueezeExcite([Tensor; 4]),
}

/// Layers one after the other: a block.
pub struct Sequence<'a> {
    pub(super) layers: Vec<Layer<'a>>,
    /// The drop path of the branch that the layers are, where there is a shortcut around them.
    pub(super) shortcut: Option<&'a DropPath>,
}

/// `[N, H', W', C']` of `x` = `[N, H, W, C]` by sequences one after the other, as one node of the graph.
///
/// # Errors
/// When `x` does not fit the first sequence, a sequence not the one before it, or candle fails.
pub fn run(x: &Tensor, sequences: &[Sequence<'_>], pass: &Pass<'_>) -> Result<Tensor> {
    let layers = || sequences.iter().flat_map(|sequence| &sequence.layers);
    let params: Vec<Params> = layers()
        .map(|layer| match layer {
            Layer::ConvBnAct(layer) => Params::ConvBnAct(for_pass(layer.params(), pass)),
            Layer::SqueezeExcite(layer) => Params::SqueezeExcite(for_pass(layer.params(), pass)),
        })
        .collect();
    let mut parts = layers().zip(&params).filter_map(|pair| match pair {
        (Layer::ConvBnAct(layer), Params::ConvBnAct(params)) => Some(layer.part(params, pass)),
        (Layer::SqueezeExcite(layer), Params::SqueezeExcite(params)) => Some(layer.part(params)),
        _ => None,
    });
    let branches: Vec<Option<Vec<f32>>> = sequences
        .iter()
        .map(|sequence| sequence.shortcut.map_or(Ok(None), |drop_path| drop_path.factors(pass)))
        .collect::<Result<_>>()?;
    let sequences: Vec<ops::Sequence<'_>> = sequences
        .iter()
        .zip(&branches)
        .map(|(sequence, branch)| ops::Sequence {
            parts: parts.by_ref().take(sequence.layers.len()).collect(),
            around: sequence.shortcut.map(|_| Around { branch: branch.as_deref() }),
        })
        .collect();
    let (y, moments) = ops::chain(x, &sequences, None)?;
    for (layer, moments) in layers().zip(moments) {
        if let (Layer::ConvBnAct(layer), Some(moments)) = (layer, moments) {
            layer.record(moments, pass);
        }
    }
    Ok(y)
}

/// Logits `[N, num_classes]` of images `[N, channels, H, W]`.
///
/// # Errors
/// When the images or the blocks do not fit, or candle fails.
pub fn run_network<'a>(
    stem: &'a Stem,
    blocks: impl IntoIterator<Item = Sequence<'a>>,
    head: &'a Head,
    images: &Tensor,
    pass: &Pass<'_>,
) -> Result<Tensor> {
    let sequences: Vec<Sequence<'_>> =
        std::iter::once(stem.sequence()).chain(blocks).chain([head.sequence()]).collect();
    head.logits(&run(&stem.map(images, pass)?, &sequences, pass)?, pass)
}
