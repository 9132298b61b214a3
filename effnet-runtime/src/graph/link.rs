//! A layer of a chain after its forward pass.

#[cfg(test)]
mod tests;

use std::borrow::Borrow;

use candle_core::{Result, Shape, Tensor};

use super::collected::Found;
use crate::backend::layer::{BatchMoments, Layer, SqueezeExcite};
use crate::backend::window::{Geometry, Kind};
use crate::backend::{Backend, Grad};
use crate::profile::{self, Direction, Operation};

/// Calls `f`, an operation, and notes how long it took.
fn span<R>(
    backend: &impl Backend,
    (operation, macs): (Operation, u64),
    direction: Direction,
    f: impl FnOnce() -> Result<R>,
) -> Result<R> {
    if !profile::is_kept() {
        return f();
    }
    let (result, seconds) = backend.timed(f)?;
    profile::note(operation, direction, macs, seconds);
    Ok(result)
}

/// A convolution as the profile has it.
fn work(geometry: &Geometry) -> (Operation, u64) {
    let operation = match (geometry.kind, geometry.kernel, geometry.stride) {
        (Kind::Depthwise, _, _) => Operation::Depthwise,
        (Kind::Dense, 1, _) => Operation::Pointwise,
        (Kind::Dense, _, 1) => Operation::Convolution,
        (Kind::Dense, _, _) => Operation::StridedConvolution,
    };
    (operation, geometry.macs())
}

const NORMALISATION: (Operation, u64) = (Operation::Normalisation, 0);
const SQUEEZE_EXCITE: (Operation, u64) = (Operation::SqueezeExcite, 0);

/// A layer, and the values that its way back needs.
pub(super) struct Link<B: Backend> {
    saved: Saved<B>,
    channels: usize,
    /// The result, unless the backend computes it where it is read.
    kept: Option<B::Map>,
}

enum Saved<B: Backend> {
    ConvNormAct { geometry: Geometry, z: B::Map, normed: B::Normed, params: [Tensor; 3] },
    SqueezeExcite { op: SqueezeExcite, gate: B::Gate },
}

/// A layer after its forward pass, and the shape and moments of its result.
pub(super) struct Forward<B: Backend> {
    pub link: Link<B>,
    pub shape: Shape,
    pub moments: Option<BatchMoments>,
}

/// Gradients that a layer's way back must find.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// Whether it finds the gradient of its input.
    pub input: bool,
    /// Whether the gradient of the sequence's result is added to it, as a shortcut asks.
    pub sum: bool,
}

impl<B: Backend> Link<B> {
    /// A layer of an `x` of this shape, which has a factor on its result for each image where it is a branch.
    pub(super) fn forward(
        backend: &B,
        layer: &Layer,
        x: B::Source<'_>,
        shape: &Shape,
        branch: Option<&[f32]>,
    ) -> Result<Forward<B>> {
        match layer {
            Layer::ConvNormAct(op) => {
                let (geometry, weight) = (op.geometry(shape)?, op.weight.contiguous()?);
                let wants_moments = op.norm.is_of_batch();
                let (z, moments) = span(backend, work(&geometry), Direction::Forward, || {
                    backend.convolution(&geometry, x, &weight, wants_moments)
                })?;
                let (normed, moments) = span(backend, NORMALISATION, Direction::Forward, || {
                    backend.normalisation(op, &geometry, &z, moments, branch)
                })?;
                let params = [weight, op.gamma.clone(), op.beta.clone()];
                let saved = Saved::ConvNormAct { geometry, z, normed, params };
                let link = Self { saved, channels: geometry.out_channels, kept: None };
                Ok(Forward { link, shape: geometry.out_shape(), moments })
            }
            Layer::SqueezeExcite(op) => {
                let (images, _, _, channels) = shape.dims4()?;
                let squeezed = op.squeezed(shape)?;
                let gate = span(backend, SQUEEZE_EXCITE, Direction::Forward, || backend.gate(op, images, squeezed, x))?;
                let link = Self { saved: Saved::SqueezeExcite { op: op.clone(), gate }, channels, kept: None };
                Ok(Forward { link, shape: shape.clone(), moments: None })
            }
        }
    }

    /// The result, written out and added to a residual.
    pub(super) fn output(&self, backend: &B, x: B::Source<'_>, residual: Option<&B::Elements>) -> Result<B::Map> {
        match &self.saved {
            Saved::ConvNormAct { z, normed, .. } => {
                span(backend, NORMALISATION, Direction::Forward, || backend.norm_act(z, normed, residual))
            }
            Saved::SqueezeExcite { .. } if residual.is_some() => {
                candle_core::bail!("a sequence that ends in a squeeze-and-excitation was given a shortcut")
            }
            Saved::SqueezeExcite { gate, .. } => {
                span(backend, SQUEEZE_EXCITE, Direction::Forward, || backend.scale(x, gate))
            }
        }
    }

    /// The result, where the backend computes it while it is read.
    fn lazy<'a>(&'a self, backend: &B, x: B::Source<'a>) -> Option<B::Source<'a>> {
        match &self.saved {
            Saved::ConvNormAct { z, normed, .. } => backend.normed(z, normed),
            Saved::SqueezeExcite { gate, .. } => backend.gated(x, gate),
        }
    }

    /// Writes the result out where the backend cannot compute it while it is read.
    pub(super) fn keep(&mut self, backend: &B, x: B::Source<'_>) -> Result<()> {
        if self.lazy(backend, B::shorter(x)).is_none() {
            self.kept = Some(self.output(backend, x, None)?);
        }
        Ok(())
    }

    /// The result, as the layer behind reads it.
    pub(super) fn source<'a>(&'a self, backend: &B, x: B::Source<'a>) -> Result<B::Source<'a>> {
        match &self.kept {
            Some(map) => Ok(backend.source(map.borrow(), self.channels)),
            None => match self.lazy(backend, x) {
                Some(source) => Ok(source),
                None => candle_core::bail!("a layer of a chain did not keep its result"),
            },
        }
    }

    /// Its parameters.
    pub(super) fn params(&self) -> Vec<&Tensor> {
        match &self.saved {
            Saved::ConvNormAct { params, .. } => params.iter().collect(),
            Saved::SqueezeExcite { op, .. } => op.params().to_vec(),
        }
    }

    /// The gradient of the input `x`, where it is wanted, and in `found` those of the parameters, from that of the
    /// result: `grad`, or for the last layer of a sequence, which has none, that of the sequence.
    pub(super) fn backward(
        &self,
        backend: &B,
        x: B::Source<'_>,
        grad: Option<B::Grad>,
        of_sequence: &mut Option<Grad<'_, B>>,
        wanted: Wanted,
        found: &mut Found,
    ) -> Result<Option<B::Grad>> {
        let of_result = match (grad, &*of_sequence) {
            (Some(grad), _) => Grad::Own(grad),
            (None, Some(grad)) => grad.lend(),
            (None, None) => candle_core::bail!("a layer of a chain left no gradient"),
        };
        match &self.saved {
            Saved::ConvNormAct { geometry, z, normed, params: [weight, gamma, beta] } => {
                let (dz, [of_gamma, of_beta]) =
                    span(backend, NORMALISATION, Direction::Backward, || backend.norm_gradients(z, normed, of_result))?;
                found.add(gamma.id(), of_gamma)?;
                found.add(beta.id(), of_beta)?;
                let work = work(geometry);
                let onto = of_sequence.take_if(|_| wanted.sum);
                let input = wanted.input.then(|| {
                    span(backend, work, Direction::Backward, || {
                        backend.input_gradient(geometry, &dz, &weight.detach(), onto)
                    })
                });
                let input = input.transpose()?;
                if weight.track_op() {
                    let gradient =
                        span(backend, work, Direction::Weight, || backend.weight_gradient(geometry, x, &dz))?;
                    found.add(weight.id(), gradient)?;
                }
                Ok(input)
            }
            Saved::SqueezeExcite { op, gate } => {
                let (input, of_params) = span(backend, SQUEEZE_EXCITE, Direction::Backward, || {
                    backend.gate_gradients(x, gate, of_result, wanted.input)
                })?;
                for (param, gradient) in op.params().into_iter().zip(of_params) {
                    found.add(param.id(), gradient)?;
                }
                match (input, of_sequence.take_if(|_| wanted.sum)) {
                    (Some(input), Some(other)) => backend.add(input, self.channels, other).map(Some),
                    (input, _) => Ok(input),
                }
            }
        }
    }
}
