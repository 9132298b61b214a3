//! A chain on a CUDA device: its operations one after the other, and one node for all of them.
//!
//! Unlike on the CPU, what the parts put out is kept for the way back: device memory is what there is most of there, and
//! writing a map again costs as much time as reading it.

#[cfg(test)]
mod tests;

use candle_core::{Result, Tensor};

use super::{Part, Sequence};
use crate::ops::conv_norm_act::{BatchMoments, ConvNormAct, Kind, Residual};
use crate::ops::node::{self, Gradients};
use crate::ops::norm_act::cuda::{self as norm_act, NormAct, Normed};
use crate::ops::squeeze_excite::cuda::{self as squeeze_excite, Gate};
use crate::ops::trace::cuda::timed;
use crate::ops::trace::{self, Direction, Operation};
use crate::ops::window::Geometry;
use crate::ops::{conv, depthwise};

/// As [`super::chain`], of maps of f32 or bf16.
pub(super) fn chain(
    x: &Tensor,
    sequences: &[Sequence],
    residual: Option<Residual<'_>>,
) -> Result<(Tensor, Vec<Option<BatchMoments>>)> {
    let x = x.contiguous()?;
    let other = residual.map(|residual| residual.shortcut.contiguous()).transpose()?;
    let (mut ran, mut params, mut moments) = (Vec::with_capacity(sequences.len()), Vec::new(), Vec::new());
    // Sequences in front of the first thing that tracks have no way back.
    let mut tracks = x.track_op() || other.as_ref().is_some_and(Tensor::track_op);
    let mut output = x.detach();
    for (at, sequence) in sequences.iter().enumerate() {
        let number = trace::begin();
        let elsewhere = other.as_ref().zip(residual).filter(|_| at + 1 == sequences.len());
        let added = match (&sequence.around, elsewhere) {
            (Some(_), Some(_)) => candle_core::bail!("a sequence with a shortcut around it was given another"),
            (Some(around), None) => Some((output.clone(), around.branch.as_deref())),
            (None, elsewhere) => elsewhere.map(|(shortcut, residual)| (shortcut.detach(), residual.branch)),
        };
        let added = added.as_ref().map(|(shortcut, branch)| Residual { shortcut, branch: *branch });
        let done = Done::of(&sequence.parts, output, added)?;
        output = done.output;
        moments.extend(done.moments);
        tracks |= done.params.iter().any(Tensor::track_op);
        if tracks {
            params.extend(done.params.iter().cloned());
            let (links, maps, params) = (done.links, done.maps, done.params);
            ran.push(Ran { number, links, maps, params, is_around: sequence.around.is_some() });
        }
    }
    if sequences.is_empty() {
        candle_core::bail!("a chain without sequences was asked for")
    }
    let inputs: Vec<&Tensor> = std::iter::once(&x).chain(&other).collect();
    let (wants_input, has_other) = (x.track_op(), other.is_some());
    let y = node::record("chain", &inputs, &params.iter().collect::<Vec<_>>(), output, move |grad| {
        let (mut of_output, mut by_sequence) = (Some(grad.clone()), Vec::with_capacity(ran.len()));
        for (at, sequence) in ran.iter().enumerate().rev() {
            let Some(of_sequence) = of_output else { candle_core::bail!("a sequence of a chain left no gradient") };
            trace::enter(sequence.number);
            // The last one's is the caller's.
            let is_own = at + 1 < ran.len();
            let (input, params) = sequence.backward(of_sequence, is_own, at > 0 || wants_input)?;
            by_sequence.push(params);
            of_output = input;
        }
        let mut inputs = vec![of_output];
        inputs.extend(has_other.then(|| Some(grad.clone())));
        Ok(Gradients { inputs, params: by_sequence.into_iter().rev().flatten().collect() })
    })?;
    Ok((y, moments))
}

/// A sequence's result, and the sequence.
struct Done {
    output: Tensor,
    links: Vec<(Link, usize)>,
    maps: Vec<Tensor>,
    params: Vec<Tensor>,
    moments: Vec<Option<BatchMoments>>,
}

impl Done {
    fn of(parts: &[Part], x: Tensor, added: Option<Residual<'_>>) -> Result<Self> {
        let (mut links, mut params, mut moments) = (Vec::new(), Vec::new(), Vec::new());
        let (mut maps, mut output) = (Vec::with_capacity(parts.len()), x);
        for (at, part) in parts.iter().enumerate() {
            let added = added.filter(|_| at + 1 == parts.len());
            let done = match part {
                Part::ConvNormAct(op) => Link::convolution(op, &output, added)?,
                Part::SqueezeExcite(_) if added.is_some() => {
                    candle_core::bail!("a sequence that ends in a squeeze-and-excitation was given a shortcut")
                }
                Part::SqueezeExcite(op) => {
                    let (output, gate) = trace::span(Operation::SqueezeExcite, Direction::Forward, 0, || {
                        timed(output.device(), || squeeze_excite::forward(&output, op))
                    })?;
                    let params = op.params().map(Clone::clone);
                    Forward { output, link: Link::SqueezeExcite(gate), params: params.to_vec(), moments: None }
                }
            };
            links.push((done.link, done.params.len()));
            params.extend(done.params);
            moments.push(done.moments);
            maps.push(std::mem::replace(&mut output, done.output));
        }
        if links.is_empty() {
            candle_core::bail!("a sequence without parts was asked for")
        }
        Ok(Self { output, links, maps, params, moments })
    }
}

/// A sequence after its forward pass.
struct Ran {
    /// In the trace.
    number: usize,
    /// Its parts, each with the number of its parameters.
    links: Vec<(Link, usize)>,
    /// The input of each part.
    maps: Vec<Tensor>,
    params: Vec<Tensor>,
    is_around: bool,
}

impl Ran {
    /// Gradients of the input, where it is wanted, and of the parameters in their order. `of_output` is nobody else's where
    /// `is_own`.
    fn backward(&self, of_output: Tensor, is_own: bool, wants_input: bool) -> Result<OfPart> {
        let (mut grad, mut end) = (Some(of_output.clone()), self.params.len());
        let mut around = self.is_around.then_some(of_output);
        let mut by_link = Vec::with_capacity(self.links.len());
        for (at, (link, count)) in self.links.iter().enumerate().rev() {
            let own = &self.params[end - count..end];
            end -= count;
            let Some(of_result) = grad.take() else { candle_core::bail!("a part of a chain left no gradient") };
            // The shortcut's gradient becomes that of the input where the first part can add to it: by then it has been read.
            let is_added = at == 0 && is_own && link.adds();
            let onto = if is_added { around.take() } else { None };
            let (input, found) = link.backward(&self.maps[at], own, &of_result, at > 0 || wants_input, onto)?;
            by_link.push(found);
            grad = input;
        }
        let input = match (grad, around) {
            (Some(input), Some(around)) => Some((input + around)?),
            (input, _) => input,
        };
        Ok((input, by_link.into_iter().rev().flatten().collect()))
    }
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
    fn convolution(op: &ConvNormAct, x: &Tensor, added: Option<Residual<'_>>) -> Result<Forward> {
        let (weight, device) = (op.weight.contiguous()?, x.device());
        let geometry = match op.kind {
            Kind::Dense => conv::geometry(x.dims(), &weight, op.window)?,
            Kind::Depthwise => depthwise::geometry(x.dims(), &weight, op.window)?,
        };
        let z = trace::convolution(op.kind, &geometry, Direction::Forward, || {
            timed(device, || match op.kind {
                Kind::Dense => conv::cuda::forward(x, &weight, &geometry),
                Kind::Depthwise => depthwise::cuda::forward(x, &weight, &geometry),
            })
        })?;
        let (gamma, beta) = (op.gamma.detach(), op.beta.detach());
        let norm = NormAct { gamma: &gamma, beta: &beta, eps: op.eps, norm: &op.norm, activation: op.activation };
        let done = trace::span(Operation::Normalisation, Direction::Forward, 0, || {
            timed(device, || norm_act::forward(&z, &norm, added))
        })?;
        let params = vec![weight, op.gamma.clone(), op.beta.clone()];
        let link = Self::Convolution { kind: op.kind, geometry, z, normed: done.normed };
        let moments = done.moments.map(|[mean, variance]| BatchMoments { mean, variance });
        Ok(Forward { output: done.y, link, params, moments })
    }

    /// Whether it can add the gradient of its input to another.
    fn adds(&self) -> bool {
        matches!(self, Self::Convolution { kind: Kind::Dense, .. })
    }

    /// Gradients of the part's input, where it is wanted, and of its parameters that track. The former is added to `onto`
    /// where there is one, which takes a part that [adds](Self::adds).
    fn backward(
        &self,
        x: &Tensor,
        params: &[Tensor],
        grad: &Tensor,
        wants_input: bool,
        onto: Option<Tensor>,
    ) -> Result<OfPart> {
        match (self, params) {
            (Self::Convolution { kind, geometry, z, normed }, [weight, _, _]) => {
                let device = x.device();
                let found = trace::span(Operation::Normalisation, Direction::Backward, 0, || {
                    timed(device, || normed.backward(z, grad))
                })?;
                let kernel = weight.detach();
                let input = wants_input.then(|| {
                    trace::convolution(*kind, geometry, Direction::Backward, || {
                        timed(device, || match (kind, onto) {
                            (Kind::Dense, None) => conv::cuda::backward_input(&found.z, &kernel, geometry),
                            (Kind::Dense, Some(sum)) => {
                                conv::cuda::backward_input_onto(sum, &found.z, &kernel, geometry)
                            }
                            (Kind::Depthwise, _) => depthwise::cuda::backward_input(&found.z, &kernel, geometry),
                        })
                    })
                });
                let of_weight = weight.track_op().then(|| {
                    trace::convolution(*kind, geometry, Direction::Weight, || {
                        timed(device, || match kind {
                            Kind::Dense => conv::cuda::backward_weight(x, &found.z, geometry),
                            Kind::Depthwise => depthwise::cuda::backward_weight(x, &found.z, geometry),
                        })
                    })
                });
                Ok((input.transpose()?, vec![of_weight.transpose()?, Some(found.gamma), Some(found.beta)]))
            }
            (Self::SqueezeExcite(gate), params) => {
                let found = trace::span(Operation::SqueezeExcite, Direction::Backward, 0, || {
                    timed(x.device(), || gate.backward(x, grad, wants_input))
                })?;
                let shaped =
                    found.params.into_iter().zip(params).map(|(gradient, param)| gradient.reshape(param.shape()));
                Ok((found.input, shaped.map(|gradient| gradient.map(Some)).collect::<Result<_>>()?))
            }
            _ => candle_core::bail!("a convolution has 3 parameters"),
        }
    }
}

type OfPart = (Option<Tensor>, Vec<Option<Tensor>>);
