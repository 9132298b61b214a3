//! Layers one after the other, as one node of the graph.

use candle_core::{Result, Tensor};

use super::drop_path::DropPath;
use super::{ConvBnAct, SqueezeExcite};
use crate::ops::{self, Part, Residual};
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

/// Runs the layers on `x`, and adds their branch to the shortcut, where there is one and drop path lets it.
pub(super) fn run(
    x: &Tensor,
    layers: &[Layer<'_>],
    shortcut: Option<(&Tensor, &DropPath)>,
    pass: &Pass<'_>,
) -> Result<Tensor> {
    let params: Vec<Params> = layers
        .iter()
        .map(|layer| match layer {
            Layer::ConvBnAct(layer) => Params::ConvBnAct(for_pass(layer.params(), pass)),
            Layer::SqueezeExcite(layer) => Params::SqueezeExcite(for_pass(layer.params(), pass)),
        })
        .collect();
    let parts: Vec<Part<'_>> = layers
        .iter()
        .zip(&params)
        .filter_map(|pair| match pair {
            (Layer::ConvBnAct(layer), Params::ConvBnAct(params)) => Some(layer.part(params, pass)),
            (Layer::SqueezeExcite(layer), Params::SqueezeExcite(params)) => Some(layer.part(params)),
            _ => None,
        })
        .collect();
    let branch = shortcut.map(|(_, drop_path)| drop_path.factors(pass)).transpose()?.flatten();
    let residual = shortcut.map(|(shortcut, _)| Residual { shortcut, branch: branch.as_deref() });
    let (y, moments) = ops::chain(x, &parts, residual)?;
    for (layer, moments) in layers.iter().zip(moments) {
        if let (Layer::ConvBnAct(layer), Some(moments)) = (layer, moments) {
            layer.record(moments, pass);
        }
    }
    Ok(y)
}
