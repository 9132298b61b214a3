//! Squeeze-and-excitation (Hu et al., 2018).

#[cfg(feature = "cuda")]
pub(crate) mod cuda;
mod gate;
#[cfg(test)]
mod tests;

use candle_core::{Result, Shape, Tensor};
use effnet_kernels::simd::Level;
use effnet_spec::Activation;

use super::chain::{Forward, Grad, Link, LinkGradients, OwnGrad, Part, Sequence, chain};
use super::image_sums;
use super::node;
use super::norm_act::kernel::Shortcut;
use super::pooled::Pooled;
use super::source::Source;
use super::trace::{self, Direction, Operation};
use gate::Gate;

/// Parameters of a squeeze-and-excitation of `C` channels through `S`.
#[derive(Clone, Debug)]
pub struct SqueezeExcite {
    /// `[S, C, 1, 1]`.
    pub reduce_weight: Tensor,
    /// `[S]`.
    pub reduce_bias: Tensor,
    /// `[C, S, 1, 1]`.
    pub expand_weight: Tensor,
    /// `[C]`.
    pub expand_bias: Tensor,
    /// The inner non-linearity; the gate's is a sigmoid.
    pub activation: Activation,
}

impl SqueezeExcite {
    pub(super) fn params(&self) -> [&Tensor; 4] {
        [&self.reduce_weight, &self.reduce_bias, &self.expand_weight, &self.expand_bias]
    }
}

/// `x · sigmoid(expand(f(reduce(mean(x)))))`, the mean taken over the pixels of each image. `x` is `[N, H, W, C]`.
/// Any layout is taken; differentiable in all.
///
/// # Errors
/// When shapes do not fit each other, or tensors are not f32 on the CPU.
pub fn squeeze_excite(x: &Tensor, op: &SqueezeExcite) -> Result<Tensor> {
    let sequence = Sequence { parts: vec![Part::SqueezeExcite(op.clone())], around: None };
    Ok(chain(x, &[sequence], None)?.0)
}

/// How many channels it squeezes `channels` to.
///
/// # Errors
/// When a parameter's shape does not fit.
fn check(op: &SqueezeExcite, channels: usize) -> Result<usize> {
    let squeezed = op.reduce_bias.elem_count();
    let params = op.params();
    let shapes: [&[usize]; 4] = [&[squeezed, channels, 1, 1], &[squeezed], &[channels, squeezed, 1, 1], &[channels]];
    for (param, shape) in params.iter().zip(shapes) {
        if param.dims() != shape {
            candle_core::bail!(
                "a squeeze-and-excitation of {channels} channels was given a parameter {:?}",
                param.dims()
            )
        }
    }
    Ok(squeezed)
}

/// The part of an `x` of this shape.
pub(super) fn forward(level: Level, op: &SqueezeExcite, x: Source<'_>, shape: &Shape) -> Result<Forward> {
    let (batch, height, width, channels) = shape.dims4()?;
    let squeezed = check(op, channels)?;
    if x.is_gated() {
        candle_core::bail!("a squeeze-and-excitation follows another; give it a chain of its own")
    }
    if x.pixels() == 0 {
        candle_core::bail!("a squeeze-and-excitation was given a map without pixels, {shape:?}")
    }
    let params = op.params();
    let values = params.map(|param| param.flatten_all().and_then(|flat| flat.to_vec1::<f32>()));
    let [reduce_weight, reduce_bias, expand_weight, expand_bias] = values;
    let (reduce, expand) = ((reduce_weight?, &reduce_bias?[..]), (expand_weight?, &expand_bias?[..]));
    let share = 1.0 / (height * width) as f32;
    let params = params.map(Clone::clone).to_vec();
    trace::span(Operation::SqueezeExcite, Direction::Forward, 0, || {
        let mut mean = image_sums::sums(level, x, batch);
        mean.iter_mut().for_each(|mean| *mean *= share);
        let gate = Gate::open(mean, reduce, expand, (batch, channels, squeezed), op.activation);
        let link = Gated { level, gate, batch, share, params: params.clone() };
        Ok(Forward { shape: shape.clone(), link: Box::new(link), params, moments: None })
    })
}

/// The operation after its forward pass.
struct Gated {
    level: Level,
    gate: Gate,
    batch: usize,
    /// Of a pixel in an image's mean.
    share: f32,
    params: Vec<Tensor>,
}

impl Gated {
    /// Gradients of the input, where it is wanted, and of the parameters.
    fn gradients(&self, x: Source<'_>, grad: Grad<'_>, wants_input: bool) -> (Option<OwnGrad>, [Vec<f32>; 4]) {
        let found = self.gate.backward(image_sums::products(self.level, x, &grad, self.batch));
        let input = wants_input.then(|| {
            let added = found.mean.iter().map(|gradient| gradient * self.share).collect();
            let values = match grad {
                Grad::Own(grad) => grad.values,
                Grad::Borrowed(grad) => {
                    let mut values = Pooled::new(grad.len());
                    values.copy_from_slice(grad);
                    values
                }
            };
            OwnGrad { values, affine: Some([self.gate.values.clone(), added]) }
        });
        (input, [found.reduce_weight, found.reduce_bias, found.expand_weight, found.expand_bias])
    }
}

impl Link for Gated {
    fn source<'a>(&'a self, input: Source<'a>) -> Source<'a> {
        input.gated(&self.gate.values)
    }

    fn output(&self, input: Source<'_>, shortcut: Option<Shortcut<'_>>) -> Result<Pooled> {
        if shortcut.is_some() {
            candle_core::bail!("a sequence that ends in a squeeze-and-excitation was given a shortcut")
        }
        let result = self.source(input);
        Ok(trace::span(Operation::SqueezeExcite, Direction::Forward, 0, || result.to_map(self.level)))
    }

    fn backward(&self, x: Source<'_>, grad: Grad<'_>, wants_input: bool) -> Result<LinkGradients> {
        if grad.is_affine() {
            candle_core::bail!("a squeeze-and-excitation follows another; give it a chain of its own")
        }
        let (input, gradients) =
            trace::span(Operation::SqueezeExcite, Direction::Backward, 0, || self.gradients(x, grad, wants_input));
        let params = gradients.into_iter().zip(&self.params).map(|(values, param)| node::like(Some(values), param));
        Ok(LinkGradients { input, params: params.collect::<Result<_>>()? })
    }
}
