//! A chain on a CUDA device: its operations one after the other, and one node for all of them.
//!
//! Unlike on the CPU, what the parts put out is kept for the way back: device memory is what there is most of there, and
//! writing a map again costs as much time as reading it.

#[cfg(test)]
mod tests;

use candle_core::{Result, Tensor};

use super::Part;
use crate::ops::conv_norm_act::{BatchMoments, ConvNormAct, Kind, Residual};
use crate::ops::node::{self, Gradients};
use crate::ops::norm_act::cuda::{self as norm_act, NormAct, Normed};
use crate::ops::squeeze_excite::cuda::{self as squeeze_excite, Gate};
use crate::ops::window::Geometry;
use crate::ops::{conv, depthwise};

/// As [`super::chain`], of maps of f32 or bf16.
pub(super) fn chain(
    x: &Tensor,
    parts: &[Part<'_>],
    residual: Option<Residual<'_>>,
) -> Result<(Tensor, Vec<Option<BatchMoments>>)> {
    let x = x.contiguous()?;
    let shortcut = residual.map(|residual| residual.shortcut.contiguous()).transpose()?;
    let (mut links, mut params, mut moments) = (Vec::new(), Vec::new(), Vec::new());
    // The input of each part.
    let mut maps = vec![x.detach()];
    for (at, part) in parts.iter().enumerate() {
        let Some(input) = maps.last() else { candle_core::bail!("a chain has no input") };
        let added = match (&shortcut, residual.filter(|_| at + 1 == parts.len())) {
            (Some(shortcut), Some(residual)) => Some((shortcut.detach(), residual.branch)),
            _ => None,
        };
        let added = added.as_ref().map(|(shortcut, branch)| Residual { shortcut, branch: *branch });
        let done = match part {
            Part::ConvNormAct(op) => Link::convolution(op, input, added)?,
            Part::SqueezeExcite(_) if added.is_some() => {
                candle_core::bail!("a chain that ends in a squeeze-and-excitation was given a shortcut")
            }
            Part::SqueezeExcite(op) => {
                let (output, gate) = squeeze_excite::forward(input, op)?;
                let params = [op.reduce_weight, op.reduce_bias, op.expand_weight, op.expand_bias].map(Clone::clone);
                Forward { output, link: Link::SqueezeExcite(gate), params: params.to_vec(), moments: None }
            }
        };
        links.push((done.link, done.params.len()));
        params.extend(done.params);
        moments.push(done.moments);
        maps.push(done.output);
    }
    let (Some(output), false) = (maps.pop(), links.is_empty()) else {
        candle_core::bail!("a chain without parts was asked for")
    };
    // A shortcut from `x` itself has its gradient added here: candle would take three passes for it.
    let is_around = shortcut.as_ref().is_some_and(|shortcut| shortcut.id() == x.id());
    let other = shortcut.filter(|_| !is_around);
    let inputs: Vec<&Tensor> = std::iter::once(&x).chain(&other).collect();
    let wants_input = x.track_op();
    let (saved_params, has_other) = (params.clone(), other.is_some());
    let y = node::record("chain", &inputs, &params.iter().collect::<Vec<_>>(), output, move |grad| {
        let (mut input, params) = backward(&links, &maps, &saved_params, grad, wants_input)?;
        if is_around {
            input = input.map(|input| input + grad).transpose()?;
        }
        let mut inputs = vec![input];
        inputs.extend(has_other.then(|| Some(grad.clone())));
        Ok(Gradients { inputs, params })
    })?;
    Ok((y, moments))
}

/// A part after its forward pass.
enum Link {
    Convolution { kind: Kind, geometry: Geometry, z: Tensor, normed: Normed },
    SqueezeExcite(Gate),
}

/// A part's result, and the part.
struct Forward {
    output: Tensor,
    link: Link,
    params: Vec<Tensor>,
    moments: Option<BatchMoments>,
}

impl Link {
    fn convolution(op: &ConvNormAct<'_>, x: &Tensor, added: Option<Residual<'_>>) -> Result<Forward> {
        let weight = op.weight.contiguous()?;
        let (geometry, z) = match op.kind {
            Kind::Dense => {
                let geometry = conv::geometry(x.dims(), &weight, op.window)?;
                (geometry, conv::cuda::forward(x, &weight, &geometry)?)
            }
            Kind::Depthwise => {
                let geometry = depthwise::geometry(x.dims(), &weight, op.window)?;
                (geometry, depthwise::cuda::forward(x, &weight, &geometry)?)
            }
        };
        let (gamma, beta) = (op.gamma.detach(), op.beta.detach());
        let norm = NormAct { gamma: &gamma, beta: &beta, eps: op.eps, norm: op.norm, activation: op.activation };
        let done = norm_act::forward(&z, &norm, added)?;
        let params = vec![weight, op.gamma.clone(), op.beta.clone()];
        let link = Self::Convolution { kind: op.kind, geometry, z, normed: done.normed };
        let moments = done.moments.map(|[mean, variance]| BatchMoments { mean, variance });
        Ok(Forward { output: done.y, link, params, moments })
    }

    /// Gradients of the part's input, where it is wanted, and of its parameters that track.
    fn backward(&self, x: &Tensor, params: &[Tensor], grad: &Tensor, wants_input: bool) -> Result<OfPart> {
        match (self, params) {
            (Self::Convolution { kind, geometry, z, normed }, [weight, _, _]) => {
                let found = normed.backward(z, grad)?;
                let kernel = weight.detach();
                let input = wants_input.then(|| match kind {
                    Kind::Dense => conv::cuda::backward_input(&found.z, &kernel, geometry),
                    Kind::Depthwise => depthwise::cuda::backward_input(&found.z, &kernel, geometry),
                });
                let of_weight = weight.track_op().then(|| match kind {
                    Kind::Dense => conv::cuda::backward_weight(x, &found.z, geometry),
                    Kind::Depthwise => depthwise::cuda::backward_weight(x, &found.z, geometry),
                });
                Ok((input.transpose()?, vec![of_weight.transpose()?, Some(found.gamma), Some(found.beta)]))
            }
            (Self::SqueezeExcite(gate), params) => {
                let found = gate.backward(x, grad, wants_input)?;
                let shaped =
                    found.params.into_iter().zip(params).map(|(gradient, param)| gradient.reshape(param.shape()));
                Ok((found.input, shaped.map(|gradient| gradient.map(Some)).collect::<Result<_>>()?))
            }
            _ => candle_core::bail!("a convolution has 3 parameters"),
        }
    }
}

type OfPart = (Option<Tensor>, Vec<Option<Tensor>>);

/// Gradients of the chain's input, where it is wanted, and of the parameters in their order.
fn backward(
    links: &[(Link, usize)],
    maps: &[Tensor],
    params: &[Tensor],
    grad: &Tensor,
    wants_input: bool,
) -> Result<OfPart> {
    let (mut grad, mut by_link, mut end) = (grad.clone(), Vec::with_capacity(links.len()), params.len());
    for (at, (link, count)) in links.iter().enumerate().rev() {
        let own = &params[end - count..end];
        end -= count;
        let (input, found) = link.backward(&maps[at], own, &grad, at > 0 || wants_input)?;
        by_link.push(found);
        match input {
            Some(input) => grad = input,
            None if at > 0 => candle_core::bail!("a part of a chain left no gradient"),
            None => return Ok((None, by_link.into_iter().rev().flatten().collect())),
        }
    }
    Ok((Some(grad), by_link.into_iter().rev().flatten().collect()))
}
