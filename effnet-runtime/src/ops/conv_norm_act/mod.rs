//! Convolution, batch normalisation, activation and residual.

#[cfg(test)]
mod tests;

use candle_core::{Device, Result, Shape, Tensor};
use effnet_kernels::simd::Level;
use effnet_spec::Activation;

use super::chain::{Forward, Grad, Link, LinkGradients, OwnGrad, Part, Sequence, chain};
use super::cpu::view;
use super::node;
use super::norm_act::kernel::{self as norm_act, Affine, Normalisation, OfResult, Shortcut};
use super::norm_act::statistics::PartMoments;
use super::pooled::Pooled;
use super::source::Source;
use super::trace::{self, Direction, Operation};
use super::window::{Geometry, Window};
use super::{conv, depthwise};

/// Which convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Every output channel sees every input channel; weights `[O, I, k, k]`.
    Dense,
    /// Every channel by itself; weights `[C, 1, k, k]`.
    Depthwise,
}

/// Which statistics normalise.
#[derive(Clone, Debug)]
pub enum Norm {
    /// The batch's own.
    Batch,
    /// Running ones, `[C]` each; no gradient flows through them.
    Running {
        /// Mean of each channel.
        mean: Tensor,
        /// Variance of each channel.
        variance: Tensor,
    },
}

/// What the result is added to.
#[derive(Clone, Copy, Debug)]
pub struct Residual<'a> {
    /// A map of the result's shape.
    pub shortcut: &'a Tensor,
    /// A factor on the branch for each image (drop path); `None` for 1.
    pub branch: Option<&'a [f32]>,
}

/// The operation's parameters and options.
#[derive(Clone, Debug)]
pub struct ConvNormAct {
    /// Which convolution.
    pub kind: Kind,
    /// Its window.
    pub window: Window,
    /// Its weights.
    pub weight: Tensor,
    /// Scale of the normalisation, `[O]`.
    pub gamma: Tensor,
    /// Shift of the normalisation, `[O]`.
    pub beta: Tensor,
    /// Epsilon of the normalisation.
    pub eps: f64,
    /// Statistics of the normalisation.
    pub norm: Norm,
    /// The non-linearity, if any.
    pub activation: Option<Activation>,
}

/// Mean and unbiased variance of each channel of the convolution's output over the batch.
#[derive(Clone, Debug)]
pub struct BatchMoments {
    /// Mean, f32 `[O]` on the map's device.
    pub mean: Tensor,
    /// Unbiased variance, as the mean.
    pub variance: Tensor,
}

/// A branch's factor for each of `batch` images.
pub(super) fn factors(branch: Option<&[f32]>, batch: usize) -> Result<Vec<f32>> {
    let branch = branch.map_or_else(|| vec![1.0; batch], <[f32]>::to_vec);
    if branch.len() != batch {
        candle_core::bail!("{} factors of a branch for {batch} images", branch.len())
    }
    Ok(branch)
}

/// `shortcut + branch · f(norm(x ∗ weight))` of maps `[N, H, W, C]`; the second result is there for [`Norm::Batch`].
/// Differentiable in `x`, the shortcut, the weight, γ and β.
///
/// # Errors
/// When shapes do not fit each other, or tensors are not f32 on the CPU.
pub fn conv_norm_act(
    x: &Tensor,
    op: &ConvNormAct,
    residual: Option<Residual<'_>>,
) -> Result<(Tensor, Option<BatchMoments>)> {
    let sequence = Sequence { parts: vec![Part::ConvNormAct(op.clone())], around: None };
    let (y, moments) = chain(x, &[sequence], residual)?;
    Ok((y, moments.into_iter().flatten().next()))
}

/// The part of an `x` of this shape, with a factor on its result for each image where it is a branch.
pub(super) fn forward(
    level: Level,
    op: &ConvNormAct,
    x: Source<'_>,
    shape: &Shape,
    branch: Option<Vec<f32>>,
) -> Result<Forward> {
    let weight = op.weight.contiguous()?;
    let geometry = match op.kind {
        Kind::Dense => conv::geometry(shape.dims(), &weight, op.window)?,
        Kind::Depthwise => depthwise::geometry(shape.dims(), &weight, op.window)?,
    };
    let out_shape = geometry.out_shape();
    let mut z = Pooled::new(out_shape.elem_count());
    let wants_moments = matches!(op.norm, Norm::Batch);
    let found = {
        let weight = view(&weight)?;
        trace::convolution(op.kind, &geometry, Direction::Forward, || match op.kind {
            Kind::Dense => conv::kernel::forward(level, &geometry, x, &weight, &mut z, wants_moments),
            Kind::Depthwise => depthwise::kernel::forward(level, &geometry, x, &weight, &mut z, wants_moments),
        })
    };
    let (norm, moments) =
        trace::span(Operation::Normalisation, Direction::Forward, 0, || normalisation(op, &geometry, found.as_ref()))?;
    let params = vec![weight.clone(), op.gamma.clone(), op.beta.clone()];
    let (kind, activation) = (op.kind, op.activation);
    let link = Normed { level, kind, geometry, z, norm, activation, branch, params: params.clone() };
    Ok(Forward { shape: out_shape, link: Box::new(link), params, moments })
}

/// The operation after its forward pass.
struct Normed {
    level: Level,
    kind: Kind,
    geometry: Geometry,
    /// The convolution's result.
    z: Pooled,
    norm: Normalisation,
    activation: Option<Activation>,
    branch: Option<Vec<f32>>,
    /// Weight, γ, β.
    params: Vec<Tensor>,
}

impl Link for Normed {
    fn source<'a>(&'a self, _: Source<'a>) -> Source<'a> {
        Source::normed(&self.z, &self.norm, self.activation)
    }

    fn output(&self, _: Source<'_>, shortcut: Option<Shortcut<'_>>) -> Result<Pooled> {
        if let Some(shortcut) = shortcut
            && shortcut.values.len() != self.z.len()
        {
            let shape = self.geometry.out_shape();
            candle_core::bail!("a shortcut of {} elements does not fit {shape:?}", shortcut.values.len())
        }
        let mut output = Pooled::new(self.z.len());
        trace::span(Operation::Normalisation, Direction::Forward, 0, || {
            norm_act::forward(self.level, &self.z, &mut output, &self.norm, self.activation, shortcut);
        });
        Ok(output)
    }

    fn backward(&self, x: Source<'_>, grad: Grad<'_>, wants_input: bool) -> Result<LinkGradients> {
        let (level, geometry) = (self.level, &self.geometry);
        let (mut dz, affine, values) = match grad {
            Grad::Own(OwnGrad { values, affine }) => (values, affine, None),
            Grad::Borrowed(values) => (Pooled::new(self.z.len()), None, Some(values)),
        };
        let found = trace::span(Operation::Normalisation, Direction::Backward, 0, || {
            let affine = affine.as_ref().map(|[factor, added]| Affine { factor, added });
            let of_result = OfResult { affine, branch: self.branch.as_deref() };
            norm_act::backward(level, &self.z, values, of_result, &self.norm, self.activation, &mut dz)
        });
        let [weight, gamma, beta] = self.params.as_slice() else {
            candle_core::bail!("a convolution has 3 parameters")
        };
        let input = wants_input
            .then(|| -> Result<OwnGrad> {
                let (weight, mut dx) = (view(weight)?, Pooled::new(geometry.in_count()));
                trace::convolution(self.kind, geometry, Direction::Backward, || match self.kind {
                    Kind::Dense => conv::kernel::backward_input(level, geometry, &dz, &weight, &mut dx),
                    Kind::Depthwise => depthwise::kernel::backward_input(level, geometry, &dz, &weight, &mut dx),
                });
                Ok(OwnGrad { values: dx, affine: None })
            })
            .transpose()?;
        let dw = weight.track_op().then(|| {
            trace::convolution(self.kind, geometry, Direction::Weight, || match self.kind {
                Kind::Dense => conv::kernel::backward_weight(level, geometry, x, &dz),
                Kind::Depthwise => depthwise::kernel::backward_weight(level, geometry, x, &dz),
            })
        });
        let params =
            vec![node::like(dw, weight)?, node::like(Some(found.gamma), gamma)?, node::like(Some(found.beta), beta)?];
        Ok(LinkGradients { input, params })
    }
}

/// The normalisation that applies to `z`, and the batch's moments where it is made of them.
fn normalisation(
    op: &ConvNormAct,
    geometry: &Geometry,
    found: Option<&PartMoments>,
) -> Result<(Normalisation, Option<BatchMoments>)> {
    let channels = geometry.out_channels;
    let read = |name: &str, tensor: &Tensor| -> Result<Vec<f32>> {
        if tensor.dims() != [channels] {
            candle_core::bail!("a normalisation of {channels} channels was given a {name} {:?}", tensor.dims())
        }
        tensor.to_vec1()
    };
    let (gamma, beta) = (read("scale", &op.gamma)?, read("shift", &op.beta)?);
    match (&op.norm, found) {
        (Norm::Running { mean, variance }, _) => {
            let (mean, variance) = (read("mean", mean)?, read("variance", variance)?);
            Ok((Normalisation::new(&mean, &variance, &gamma, &beta, op.eps, None), None))
        }
        (Norm::Batch, None) => candle_core::bail!("a convolution left no moments of its result"),
        (Norm::Batch, Some(found)) => {
            let found = found.join();
            let norm = Normalisation::new(&found.mean, &found.variance, &gamma, &beta, op.eps, Some(found.count));
            let row = |values: Vec<f32>| Tensor::from_vec(values, channels, &Device::Cpu);
            let variance = row(found.unbiased_variance())?;
            Ok((norm, Some(BatchMoments { mean: row(found.mean)?, variance })))
        }
    }
}
