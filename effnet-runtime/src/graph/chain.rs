//! Several operations, one after the other, as one node: a network or a stage of it, block by block.
//!
//! No tensors lie between the operations: candle adds each node's gradient to zeros, which takes longer than many an
//! operation. A convolution keeps its raw result, a sequence its input. A backend that computes a normalisation or a
//! gate while the next operation reads it keeps no more; any other keeps each result, as recomputing one there costs as
//! much as reading it.

#[cfg(test)]
mod tests;

use std::borrow::Borrow;

use candle_core::{Result, Shape, Tensor};

use super::collected::Found;
use super::link::{Link, Wanted};
use super::node::record;
use crate::backend::layer::{BatchMoments, Layer};
use crate::backend::{Backend, Grad, on_device};
use crate::profile;

/// Layers one after the other: the stem's, a block's or the head's.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The layers. The last is a convolution where there is a shortcut.
    pub layers: Vec<Layer>,
    /// The shortcut around them, if there is one.
    pub shortcut: Option<Shortcut>,
}

/// The shortcut of a sequence: the input is added to the result.
#[derive(Clone, Debug)]
pub struct Shortcut {
    /// A factor on the result for each image (drop path); `None` for 1.
    pub branch: Option<Vec<f32>>,
}

/// The result of the sequences, one after the other, of `x` = `[N, H, W, C]`, and for each layer the moments of its
/// batch normalisation, where it is made of them. Any layout is taken; differentiable in `x` and all parameters.
///
/// # Errors
/// When there is no layer, shapes do not fit each other, the tensors are on several devices, or `x` is not f32 (on
/// CUDA: f32 or bf16).
pub fn chain(x: &Tensor, sequences: &[Sequence]) -> Result<(Tensor, Vec<Option<BatchMoments>>)> {
    on_device!(x.device(), backend => by(backend, x, sequences))
}

fn by<B: Backend>(backend: B, x: &Tensor, sequences: &[Sequence]) -> Result<(Tensor, Vec<Option<BatchMoments>>)> {
    let x = x.contiguous()?;
    let (saved, wants_input) = (x.detach(), x.track_op());
    let (mut ran, mut moments) = (Vec::with_capacity(sequences.len()), Vec::new());
    // Sequences in front of the first thing that tracks have no way back.
    let mut tracks = wants_input;
    let mut last: Option<(B::Map, Shape)> = None;
    {
        let chain_input = backend.view(&saved)?;
        for sequence in sequences {
            let number = profile::begin();
            let before = last.take();
            let (input, shape): (&B::Elements, &Shape) = match &before {
                Some((map, shape)) => (map.borrow(), shape),
                None => (chain_input.borrow(), x.shape()),
            };
            let (_, _, _, channels) = shape.dims4()?;
            let done = forward(&backend, sequence, input, shape)?;
            moments.extend(done.moments);
            last = Some((done.output, done.shape));
            tracks |= done.links.iter().flat_map(Link::params).any(Tensor::track_op);
            if tracks {
                let (input, has_shortcut) = (before.map(|(map, _)| map), sequence.shortcut.is_some());
                ran.push(Ran { number, input, channels, links: done.links, has_shortcut });
            }
        }
    }
    let Some((output, shape)) = last else { candle_core::bail!("a chain without sequences was asked for") };
    let output = backend.tensor(output, &shape)?;
    let params: Vec<Tensor> = ran.iter().flat_map(|ran| &ran.links).flat_map(Link::params).cloned().collect();
    let y = record("chain", &x, &params.iter().collect::<Vec<_>>(), output, move |grad, found| {
        backward(&backend, &ran, &saved, wants_input, grad, found)
    })?;
    Ok((y, moments))
}

/// A sequence's result, and the sequence.
struct Done<B: Backend> {
    output: B::Map,
    shape: Shape,
    links: Vec<Link<B>>,
    moments: Vec<Option<BatchMoments>>,
}

/// The result of a sequence of an `x` of this shape.
fn forward<B: Backend>(backend: &B, sequence: &Sequence, x: &B::Elements, shape: &Shape) -> Result<Done<B>> {
    let Sequence { layers, shortcut } = sequence;
    let (images, _, _, channels) = shape.dims4()?;
    let branch = shortcut.as_ref().and_then(|shortcut| shortcut.branch.as_deref());
    if let Some(branch) = branch.filter(|branch| branch.len() != images) {
        candle_core::bail!("{} factors of a branch for {images} images", branch.len())
    }
    let input = backend.source(x, channels);
    let (mut links, mut moments, mut output) = (Vec::with_capacity(layers.len()), Vec::new(), None);
    let mut layer_shape = shape.clone();
    for (at, layer) in layers.iter().enumerate() {
        let is_last = at + 1 == layers.len();
        let layer_input = read(backend, &links, B::shorter(input))?;
        let mut done = Link::forward(backend, layer, layer_input, &layer_shape, branch.filter(|_| is_last))?;
        if is_last {
            let residual = shortcut.as_ref().map(|_| x);
            if residual.is_some() && done.shape != *shape {
                candle_core::bail!("a shortcut {:?} does not fit {:?}", shape.dims(), done.shape.dims())
            }
            output = Some(done.link.output(backend, layer_input, residual)?);
        } else {
            done.link.keep(backend, layer_input)?;
        }
        links.push(done.link);
        moments.push(done.moments);
        layer_shape = done.shape;
    }
    let Some(output) = output else { candle_core::bail!("a sequence without layers was asked for") };
    Ok(Done { output, shape: layer_shape, links, moments })
}

/// The input of the layer behind `links`; `x` is the sequence's.
fn read<'a, B: Backend>(backend: &B, links: &'a [Link<B>], x: B::Source<'a>) -> Result<B::Source<'a>> {
    links.iter().try_fold(x, |input, link| link.source(backend, input))
}

/// The gradient of `x`, where it is wanted, and in `found` those of the parameters.
fn backward<B: Backend>(
    backend: &B,
    ran: &[Ran<B>],
    x: &Tensor,
    wants_input: bool,
    grad: &Tensor,
    found: &mut Found,
) -> Result<Option<Tensor>> {
    let (input, of_result) = (backend.view(x)?, backend.view(grad)?);
    let mut grad: Option<B::Grad> = None;
    for (at, sequence) in ran.iter().enumerate().rev() {
        let of_output = match grad.take() {
            Some(grad) => Grad::Own(grad),
            None if at + 1 == ran.len() => Grad::Lent(of_result.borrow()),
            None => candle_core::bail!("a sequence of a chain left no gradient"),
        };
        profile::enter(sequence.number);
        grad = sequence.backward(backend, input.borrow(), of_output, at > 0 || wants_input, found)?;
    }
    grad.map(|grad| backend.gradient(grad, x.shape())).transpose()
}

/// A sequence after its forward pass.
struct Ran<B: Backend> {
    /// Number in the profile.
    number: usize,
    /// Its input, where that is another sequence's result, and the input's channels.
    input: Option<B::Map>,
    channels: usize,
    links: Vec<Link<B>>,
    has_shortcut: bool,
}

impl<B: Backend> Ran<B> {
    /// The gradient of its input, where it is wanted, and in `found` those of the parameters. `x` is the chain's input.
    fn backward(
        &self,
        backend: &B,
        x: &B::Elements,
        of_output: Grad<'_, B>,
        wants_input: bool,
        found: &mut Found,
    ) -> Result<Option<B::Grad>> {
        let input = backend.source(self.input.as_ref().map_or(x, Borrow::borrow), self.channels);
        let (mut of_output, mut grad) = match of_output {
            Grad::Own(grad) if !self.has_shortcut => (None, Some(grad)),
            of_output => (Some(of_output), None),
        };
        for (at, link) in self.links.iter().enumerate().rev() {
            let layer_input = read(backend, &self.links[..at], B::shorter(input))?;
            let wanted = Wanted { input: at > 0 || wants_input, sum: at == 0 && self.has_shortcut };
            grad = link.backward(backend, layer_input, grad, &mut of_output, wanted, found)?;
        }
        Ok(grad.map(|grad| backend.written(grad, self.channels)))
    }
}
