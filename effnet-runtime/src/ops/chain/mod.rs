//! Several operations, one after the other, as one node: a network or a stage of it, block by block.
//!
//! Between the operations there are no tensors: candle adds each node's gradient to zeros, which takes longer than many
//! an operation. A convolution keeps its result in front of the normalisation, a block its input, and nothing else: what
//! follows from them is computed where it is read ([`Source`]), forwards and backwards.

#[cfg(feature = "cuda")]
mod cuda;
mod grad;
#[cfg(test)]
mod tests;

use candle_core::{Result, Shape, Tensor};
use effnet_kernels::simd::Level;
use effnet_kernels::threads;

use super::conv_norm_act::{self, BatchMoments, ConvNormAct, Residual, factors};
use super::cpu::view;
use super::node::{self, Gradients};
use super::norm_act::kernel::Shortcut;
use super::pooled::Pooled;
use super::source::Source;
use super::squeeze_excite::{self, SqueezeExcite};
use super::trace;
pub(super) use grad::{Grad, OwnGrad};

/// One operation of a chain.
#[derive(Clone, Debug)]
pub enum Part {
    /// Convolution, batch normalisation, activation.
    ConvNormAct(ConvNormAct),
    /// Squeeze-and-excitation.
    SqueezeExcite(SqueezeExcite),
}

/// Operations one after the other: a block.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The operations. The last is a convolution where something is added to its result.
    pub parts: Vec<Part>,
    /// The shortcut around them, if there is one.
    pub around: Option<Around>,
}

/// A shortcut around a sequence: its input is added to its result.
#[derive(Clone, Debug)]
pub struct Around {
    /// A factor on the result for each image (drop path); `None` for 1.
    pub branch: Option<Vec<f32>>,
}

/// A part after its forward pass.
pub(super) trait Link: Send + Sync {
    /// The part's result as the part behind it reads it, of its own input.
    fn source<'a>(&'a self, input: Source<'a>) -> Source<'a>;

    /// The part's result, written out and added to a shortcut.
    fn output(&self, input: Source<'_>, shortcut: Option<Shortcut<'_>>) -> Result<Pooled>;

    /// Gradients of the part's arguments from that of its result, which it may overwrite.
    fn backward(&self, input: Source<'_>, grad: Grad<'_>, wants_input: bool) -> Result<LinkGradients>;
}

/// What a part's backward pass gives.
pub(super) struct LinkGradients {
    pub input: Option<OwnGrad>,
    pub params: Vec<Option<Tensor>>,
}

/// A part, and what is known of its result.
pub(super) struct Forward {
    pub shape: Shape,
    pub link: Box<dyn Link>,
    pub params: Vec<Tensor>,
    pub moments: Option<BatchMoments>,
}

/// The result of the sequences, one after the other, of `x` = `[N, H, W, C]`, the last one added to a shortcut from
/// elsewhere where one is given, and for each part the moments of its batch normalisation, where it is made of them.
/// Differentiable in `x`, the shortcut and all parameters.
///
/// # Errors
/// When there is no part, shapes do not fit each other, or tensors are neither f32 on the CPU nor on one CUDA device.
pub fn chain(
    x: &Tensor,
    sequences: &[Sequence],
    residual: Option<Residual<'_>>,
) -> Result<(Tensor, Vec<Option<BatchMoments>>)> {
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() {
        return cuda::chain(x, sequences, residual);
    }
    let x = x.contiguous()?;
    let other = residual.map(|residual| residual.shortcut.contiguous()).transpose()?;
    let (mut ran, mut params, mut moments) = (Vec::with_capacity(sequences.len()), Vec::new(), Vec::new());
    // Sequences in front of the first thing that tracks have no way back.
    let mut tracks = x.track_op() || other.as_ref().is_some_and(Tensor::track_op);
    let mut last: Option<(Pooled, Shape)> = None;
    {
        let image = view(&x)?;
        let values = other.as_ref().map(view).transpose()?;
        for (at, sequence) in sequences.iter().enumerate() {
            let number = trace::begin();
            let before = last.take();
            let (input, shape) = match &before {
                Some((output, shape)) => (&output[..], shape),
                None => (&image[..], x.shape()),
            };
            let elsewhere = values.as_deref().zip(residual).filter(|_| at + 1 == sequences.len());
            let added = match (&sequence.around, elsewhere) {
                (Some(_), Some(_)) => candle_core::bail!("a sequence with a shortcut around it was given another"),
                (Some(around), None) => Some((input, around.branch.as_deref())),
                (None, elsewhere) => elsewhere.map(|(values, residual)| (values, residual.branch)),
            };
            let (_, _, _, channels) = shape.dims4()?;
            let done = forward(&sequence.parts, Source::plain(input, channels), shape, added)?;
            moments.extend(done.moments);
            last = Some((done.output, done.shape));
            tracks |= done.params.iter().any(Tensor::track_op);
            if tracks {
                params.extend(done.params);
                let (input, is_around) = (before.map(|(input, _)| input), sequence.around.is_some());
                ran.push(Ran { number, input, channels, links: done.links, is_around });
            }
        }
    }
    let Some((output, shape)) = last else { candle_core::bail!("a chain without sequences was asked for") };
    let inputs: Vec<&Tensor> = std::iter::once(&x).chain(&other).collect();
    let param_refs: Vec<&Tensor> = params.iter().collect();
    let (saved, has_other) = (x.clone(), other.is_some());
    let y = node::record("chain", &inputs, &param_refs, (output.into_vec(), shape), move |grad| {
        let (input, params) = backward(&ran, &saved, grad)?;
        let mut inputs = vec![node::like(input, &saved)?];
        inputs.extend(has_other.then(|| Some(grad.clone())));
        Ok(Gradients { inputs, params })
    })?;
    Ok((y, moments))
}

/// A sequence's result, and the sequence.
struct Done {
    output: Pooled,
    shape: Shape,
    links: Vec<Box<dyn Link>>,
    params: Vec<Tensor>,
    moments: Vec<Option<BatchMoments>>,
}

/// The parts' result of an `x` of this shape.
fn forward(parts: &[Part], x: Source<'_>, shape: &Shape, added: Option<Added<'_>>) -> Result<Done> {
    let level = Level::current();
    let branch = added.map(|(_, branch)| factors(branch, shape.dims()[0])).transpose()?;
    let (mut links, mut params, mut moments) = (Vec::<Box<dyn Link>>::new(), Vec::new(), Vec::new());
    let mut shape = shape.clone();
    for (at, part) in parts.iter().enumerate() {
        let input = source(&links, x);
        let branch = branch.clone().filter(|_| at + 1 == parts.len());
        let done = match part {
            Part::ConvNormAct(op) => conv_norm_act::forward(level, op, input, &shape, branch)?,
            Part::SqueezeExcite(op) => squeeze_excite::forward(level, op, input, &shape)?,
        };
        links.push(done.link);
        params.extend(done.params);
        moments.push(done.moments);
        shape = done.shape;
    }
    let Some((last, before)) = links.split_last() else { candle_core::bail!("a sequence without parts was asked for") };
    let shortcut = added.zip(branch.as_deref()).map(|((values, _), branch)| Shortcut { values, branch });
    let output = last.output(source(before, x), shortcut)?;
    Ok(Done { output, shape, links, params, moments })
}

/// A shortcut's values, and the branch's factors.
type Added<'a> = (&'a [f32], Option<&'a [f32]>);

/// What the part behind these reads, of the sequence's input.
fn source<'a>(links: &'a [Box<dyn Link>], x: Source<'a>) -> Source<'a> {
    links.iter().fold(x, |input, link| link.source(input))
}

/// Floats that a task adds.
const TASK_FLOATS: usize = 1 << 15;

fn add(to: &mut [f32], values: &[f32]) {
    threads::current().for_each_chunk(to, TASK_FLOATS, |at, to| {
        to.iter_mut().zip(&values[at * TASK_FLOATS..]).for_each(|(to, value)| *to += value);
    });
}

type OfParams = Vec<Option<Tensor>>;

/// Gradients of `x`, if it tracks, and of the parameters in their order.
fn backward(ran: &[Ran], x: &Tensor, grad: &Tensor) -> Result<(Option<Vec<f32>>, OfParams)> {
    let (image, borrowed) = (view(x)?, view(grad)?);
    let mut grad: Option<Pooled> = None;
    let mut by_sequence = Vec::with_capacity(ran.len());
    for (at, sequence) in ran.iter().enumerate().rev() {
        let of_output = match &grad {
            Some(grad) => &grad[..],
            None if at + 1 == ran.len() => &borrowed[..],
            None => candle_core::bail!("a sequence of a chain left no gradient"),
        };
        trace::enter(sequence.number);
        let wants_input = at > 0 || x.track_op();
        let image = Source::plain(sequence.input.as_deref().unwrap_or(&image), sequence.channels);
        let (input, params) = sequence.backward(image, of_output, wants_input)?;
        by_sequence.push(params);
        grad = input;
    }
    Ok((grad.map(Pooled::into_vec), by_sequence.into_iter().rev().flatten().collect()))
}

/// A sequence after its forward pass.
struct Ran {
    /// In the trace.
    number: usize,
    /// Its input, where that is another sequence's result, and the input's channels.
    input: Option<Pooled>,
    channels: usize,
    links: Vec<Box<dyn Link>>,
    is_around: bool,
}

impl Ran {
    /// Gradients of the input, where it is wanted, and of the parameters in their order.
    fn backward(&self, image: Source<'_>, of_output: &[f32], wants_input: bool) -> Result<(Option<Pooled>, OfParams)> {
        let mut grad = Some(Grad::Borrowed(of_output));
        let mut by_link = Vec::with_capacity(self.links.len());
        for (at, link) in self.links.iter().enumerate().rev() {
            let Some(of_output) = grad.take() else { candle_core::bail!("a part of a chain left no gradient") };
            let found = link.backward(source(&self.links[..at], image), of_output, at > 0 || wants_input)?;
            grad = found.input.map(Grad::Own);
            by_link.push(found.params);
        }
        let mut input = match grad {
            Some(Grad::Own(grad)) => Some(grad.written(image.channels())),
            _ => None,
        };
        if let Some(input) = input.as_mut().filter(|_| self.is_around) {
            add(input, of_output);
        }
        Ok((input, by_link.into_iter().rev().flatten().collect()))
    }
}
