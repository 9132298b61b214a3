//! Several operations, one after the other, as one node: a block of a network.
//!
//! Between the operations there are no tensors. A convolution keeps its result in front of the normalisation, and
//! nothing else: what follows from it in one pass is computed again on the way back.

#[cfg(feature = "cuda")]
mod cuda;
#[cfg(test)]
mod tests;

use candle_core::{Result, Shape, Tensor};

use super::conv_norm_act::{self, BatchMoments, ConvNormAct, Residual};
use super::cpu::view;
use super::node::{self, Gradients};
use super::norm_act::kernel::Shortcut;
use super::pooled::Pooled;
use super::squeeze_excite::{self, SqueezeExcite};
use super::trace;
use crate::simd::Level;
use crate::threads;

/// One operation of a chain.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// Convolution, batch normalisation, activation.
    ConvNormAct(ConvNormAct<'a>),
    /// Squeeze-and-excitation.
    SqueezeExcite(SqueezeExcite<'a>),
}

/// A part after its forward pass.
pub(super) trait Link: Send + Sync {
    /// The part's result, computed again from what it kept. `input` is there if [`Link::needs_input`].
    fn output(&self, input: &[f32]) -> Result<Pooled>;

    /// Whether [`Link::output`] reads its input.
    fn needs_input(&self) -> bool;

    /// Gradients of the part's arguments from that of its result, which it may overwrite.
    fn backward(&self, input: &[f32], grad: Grad<'_>, wants_input: bool) -> Result<LinkGradients>;
}

/// The gradient of a part's result: candle's, or that of the part behind.
pub(super) enum Grad<'a> {
    Borrowed(&'a [f32]),
    Own(Pooled),
}

impl std::ops::Deref for Grad<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Grad::Borrowed(grad) => grad,
            Grad::Own(grad) => grad,
        }
    }
}

/// What a part's backward pass gives.
pub(super) struct LinkGradients {
    pub input: Option<Pooled>,
    pub params: Vec<Option<Tensor>>,
}

/// A part's result, and the part.
pub(super) struct Forward {
    pub output: Pooled,
    pub shape: Shape,
    pub link: Box<dyn Link>,
    pub params: Vec<Tensor>,
    pub moments: Option<BatchMoments>,
}

/// The parts' result of `x` = `[N, H, W, C]`, added to a shortcut where there is one, and the moments of each
/// convolution's batch normalisation, where it is made of them. Differentiable in `x`, the shortcut and all parameters.
/// The shortcut is added by the last part, which must be a convolution then.
///
/// # Errors
/// When there is no part, shapes do not fit each other, or tensors are neither f32 on the CPU nor on one CUDA device.
pub fn chain(
    x: &Tensor,
    parts: &[Part<'_>],
    residual: Option<Residual<'_>>,
) -> Result<(Tensor, Vec<Option<BatchMoments>>)> {
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() {
        return cuda::chain(x, parts, residual);
    }
    let (level, number) = (Level::current(), trace::begin());
    let x = x.contiguous()?;
    let shortcut = residual.map(|residual| residual.shortcut.contiguous()).transpose()?;
    let (mut links, mut params, mut moments) = (Vec::new(), Vec::new(), Vec::new());
    let mut last: Option<(Pooled, Shape)> = None;
    {
        let image = view(&x)?;
        let shortcut = shortcut.as_ref().map(view).transpose()?;
        for (at, part) in parts.iter().enumerate() {
            let (input, shape) = match &last {
                Some((output, shape)) => (&output[..], shape),
                None => (&image[..], x.shape()),
            };
            let branch = residual.filter(|_| at + 1 == parts.len());
            let branch = branch.map(|residual| residual.factors(shape.dims()[0])).transpose()?;
            let added = shortcut.as_deref().zip(branch.as_deref());
            let added = added.map(|(values, branch)| Shortcut { values, branch });
            let done = match part {
                Part::ConvNormAct(op) => conv_norm_act::forward(level, op, input, shape, added)?,
                Part::SqueezeExcite(_) if added.is_some() => {
                    candle_core::bail!("a chain that ends in a squeeze-and-excitation was given a shortcut")
                }
                Part::SqueezeExcite(op) => squeeze_excite::forward(level, op, input, shape)?,
            };
            links.push(done.link);
            params.extend(done.params);
            moments.push(done.moments);
            last = Some((done.output, done.shape));
        }
    }
    let Some((output, shape)) = last else { candle_core::bail!("a chain without parts was asked for") };
    // A shortcut from `x` itself has its gradient added here: candle would take three passes for it.
    let is_around = shortcut.as_ref().is_some_and(|shortcut| shortcut.id() == x.id());
    let other = shortcut.filter(|_| !is_around);
    let inputs: Vec<&Tensor> = std::iter::once(&x).chain(&other).collect();
    let param_refs: Vec<&Tensor> = params.iter().collect();
    let (saved, has_other) = (x.clone(), other.is_some());
    let y = node::record("chain", &inputs, &param_refs, (output.into_vec(), shape), move |grad| {
        trace::enter(number);
        let (mut input, params) = backward(&links, &saved, grad)?;
        if let Some(input) = input.as_mut().filter(|_| is_around) {
            add(input, &view(grad)?);
        }
        let mut inputs = vec![node::like(input, &saved)?];
        inputs.extend(has_other.then(|| Some(grad.clone())));
        Ok(Gradients { inputs, params })
    })?;
    Ok((y, moments))
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
fn backward(links: &[Box<dyn Link>], x: &Tensor, grad: &Tensor) -> Result<(Option<Vec<f32>>, OfParams)> {
    let (image, borrowed) = (view(x)?, view(grad)?);
    let mut grad = Some(Grad::Borrowed(&borrowed));
    let mut by_link = Vec::with_capacity(links.len());
    // The input of a part that was computed again for the part behind it.
    let mut known: Option<Pooled> = None;
    for at in (0..links.len()).rev() {
        let mut before = None;
        let input = match (at, known.take()) {
            (0, _) => None,
            (_, Some(input)) => Some(input),
            (_, None) => {
                let link = &links[at - 1];
                if link.needs_input() {
                    before = if at >= 2 { Some(links[at - 2].output(&[])?) } else { None };
                    Some(link.output(before.as_deref().unwrap_or(&image))?)
                } else {
                    Some(link.output(&[])?)
                }
            }
        };
        let Some(of_output) = grad.take() else { candle_core::bail!("a part of a chain left no gradient") };
        let wants_input = at > 0 || x.track_op();
        let found = links[at].backward(input.as_deref().unwrap_or(&image), of_output, wants_input)?;
        grad = found.input.map(Grad::Own);
        by_link.push(found.params);
        known = before;
    }
    let input = grad.map(|grad| match grad {
        Grad::Own(grad) => grad.into_vec(),
        Grad::Borrowed(grad) => grad.to_vec(),
    });
    Ok((input, by_link.into_iter().rev().flatten().collect()))
}
