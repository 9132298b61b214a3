//! Convolution, batch normalisation, activation and residual: one node.

#[cfg(test)]
mod tests;

use candle_core::{Result, Tensor};
use effnet_spec::Activation;

use super::cpu::view;
use super::node::{self, Gradients};
use super::norm_act::kernel::{self as norm_act, Normalisation, Shortcut};
use super::norm_act::statistics::moments;
use super::window::{Geometry, Window};
use super::{conv, depthwise};
use crate::simd::Level;

/// Which convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Every output channel sees every input channel; weights `[O, I, k, k]`.
    Dense,
    /// Every channel by itself; weights `[C, 1, k, k]`.
    Depthwise,
}

/// Which statistics normalise.
#[derive(Clone, Copy, Debug)]
pub enum Norm<'a> {
    /// The batch's own.
    Batch,
    /// Running ones, `[C]` each; no gradient flows through them.
    Running {
        /// Mean of each channel.
        mean: &'a Tensor,
        /// Variance of each channel.
        variance: &'a Tensor,
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
#[derive(Clone, Copy, Debug)]
pub struct ConvNormAct<'a> {
    /// Which convolution.
    pub kind: Kind,
    /// Its window.
    pub window: Window,
    /// Its weights.
    pub weight: &'a Tensor,
    /// Scale of the normalisation, `[O]`.
    pub gamma: &'a Tensor,
    /// Shift of the normalisation, `[O]`.
    pub beta: &'a Tensor,
    /// Epsilon of the normalisation.
    pub eps: f64,
    /// Statistics of the normalisation.
    pub norm: Norm<'a>,
    /// The non-linearity, if any.
    pub activation: Option<Activation>,
    /// The shortcut, if any.
    pub residual: Option<Residual<'a>>,
}

/// Mean and unbiased variance of each channel of the convolution's output over the batch.
#[derive(Clone, Debug)]
pub struct BatchMoments {
    /// Mean.
    pub mean: Vec<f32>,
    /// Unbiased variance.
    pub variance: Vec<f32>,
}

/// `shortcut + branch · f(norm(x ∗ weight))` of maps `[N, H, W, C]`; the second result is there for [`Norm::Batch`].
/// Differentiable in `x`, the shortcut, the weight, γ and β.
///
/// # Errors
/// When shapes do not fit each other, or tensors are not f32 on the CPU.
pub fn conv_norm_act(x: &Tensor, op: &ConvNormAct<'_>) -> Result<(Tensor, Option<BatchMoments>)> {
    let (x, weight) = (x.contiguous()?, op.weight.contiguous()?);
    let level = Level::current();
    let geometry = match op.kind {
        Kind::Dense => conv::geometry(x.dims(), &weight, op.window)?,
        Kind::Depthwise => depthwise::geometry(x.dims(), &weight, op.window)?,
    };
    let z = match op.kind {
        Kind::Dense => conv::kernel::forward(level, &geometry, &view(&x)?, &view(&weight)?),
        Kind::Depthwise => depthwise::kernel::forward(level, &geometry, &view(&x)?, &view(&weight)?),
    };
    let (norm, batch) = normalisation(level, op, &geometry, &z)?;

    let shortcut = op.residual.map(|residual| residual.shortcut.contiguous()).transpose()?;
    let branch = op.residual.map(|residual| branch_factors(residual, &geometry)).transpose()?;
    let inputs: Vec<&Tensor> = std::iter::once(&x).chain(&shortcut).collect();
    let params = [&weight, op.gamma, op.beta];
    let tracks = node::any_tracks(&inputs) || node::any_tracks(&params);
    // The backward pass needs `z`; without one, the result takes its place.
    let (mut y, z) = if tracks { (z.clone(), z) } else { (z, Vec::new()) };
    {
        let values = shortcut.as_ref().map(view).transpose()?;
        if values.as_ref().is_some_and(|values| values.len() != y.len()) {
            candle_core::bail!("a shortcut {:?} does not fit {:?}", inputs[1].dims(), geometry.out_shape())
        }
        let shortcut = values.as_deref().zip(branch.as_deref()).map(|(values, branch)| Shortcut { values, branch });
        norm_act::forward(level, &mut y, &norm, op.activation, shortcut);
    }
    let (kind, activation) = (op.kind, op.activation);
    let has_shortcut = shortcut.is_some();
    let (saved_x, saved_weight) = (x.clone(), weight.clone());
    let (gamma, beta) = (op.gamma.clone(), op.beta.clone());
    let y = node::record("conv_norm_act", &inputs, &params, (y, geometry.out_shape()), move |grad| {
        let found = norm_act::backward(level, &z, &view(grad)?, &norm, activation, branch.as_deref());
        let (x, weight) = (view(&saved_x)?, view(&saved_weight)?);
        let dx = saved_x.track_op().then(|| match kind {
            Kind::Dense => conv::kernel::backward_input(level, &geometry, &found.z, &weight),
            Kind::Depthwise => depthwise::kernel::backward_input(level, &geometry, &found.z, &weight),
        });
        let dw = saved_weight.track_op().then(|| match kind {
            Kind::Dense => conv::kernel::backward_weight(level, &geometry, &x, &found.z),
            Kind::Depthwise => depthwise::kernel::backward_weight(level, &geometry, &x, &found.z),
        });
        let mut inputs = vec![node::like(dx, &saved_x)?];
        inputs.extend(has_shortcut.then(|| Some(grad.clone())));
        let params = vec![
            node::like(dw, &saved_weight)?,
            node::like(Some(found.gamma), &gamma)?,
            node::like(Some(found.beta), &beta)?,
        ];
        Ok(Gradients { inputs, params })
    })?;
    Ok((y, batch))
}

/// The normalisation that applies to `z`, and the batch's moments where it is made of them.
fn normalisation(
    level: Level,
    op: &ConvNormAct<'_>,
    geometry: &Geometry,
    z: &[f32],
) -> Result<(Normalisation, Option<BatchMoments>)> {
    let channels = geometry.out_channels;
    let read = |name: &str, tensor: &Tensor| -> Result<Vec<f32>> {
        if tensor.dims() != [channels] {
            candle_core::bail!("a normalisation of {channels} channels was given a {name} {:?}", tensor.dims())
        }
        tensor.to_vec1()
    };
    let (gamma, beta) = (read("scale", op.gamma)?, read("shift", op.beta)?);
    match op.norm {
        Norm::Running { mean, variance } => {
            let (mean, variance) = (read("mean", mean)?, read("variance", variance)?);
            Ok((Normalisation::new(&mean, &variance, &gamma, &beta, op.eps, None), None))
        }
        Norm::Batch => {
            let found = moments(level, z, channels);
            let norm = Normalisation::new(&found.mean, &found.variance, &gamma, &beta, op.eps, Some(found.count));
            let variance = found.unbiased_variance();
            Ok((norm, Some(BatchMoments { mean: found.mean, variance })))
        }
    }
}

fn branch_factors(residual: Residual<'_>, geometry: &Geometry) -> Result<Vec<f32>> {
    let branch = residual.branch.map_or_else(|| vec![1.0; geometry.batch], <[f32]>::to_vec);
    if branch.len() != geometry.batch {
        candle_core::bail!("{} factors of a branch for {} images", branch.len(), geometry.batch)
    }
    Ok(branch)
}
