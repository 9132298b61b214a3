//! Layers of chains, with their parameters.

use std::sync::Arc;

use candle_core::{Result, Shape, Tensor};
use effnet_spec::{Activation, Gate};

use super::window::{Geometry, Kind, Window};
use crate::collective::Collective;

/// One layer of a chain.
#[derive(Clone, Debug)]
pub enum Layer {
    /// Convolution, batch normalisation, activation.
    ConvNormAct(ConvNormAct),
    /// Squeeze-and-excitation.
    SqueezeExcite(SqueezeExcite),
}

/// Statistics that normalise.
#[derive(Clone, Debug)]
pub enum Norm {
    /// The batch's own.
    Batch,
    /// The batches' of all ranks, which run the layer at the same time, each on images of its own. The loss
    /// is the sum of the ranks' losses; a rank finds its part of the sum that is a parameter's gradient.
    Synchronised(Arc<dyn Collective>),
    /// The batches' of the other ranks, which are synchronised, without this one's.
    Others(Arc<dyn Collective>),
    /// Running ones, `[C]` each; no gradient flows through them.
    Running {
        /// Mean of each channel.
        mean: Tensor,
        /// Variance of each channel.
        variance: Tensor,
    },
}

impl Norm {
    /// Whether the statistics are those of what is normalised.
    pub(crate) fn is_of_batch(&self) -> bool {
        !matches!(self, Self::Running { .. })
    }

    /// Whether this rank's own batch counts.
    pub(crate) fn counts_own(&self) -> bool {
        matches!(self, Self::Batch | Self::Synchronised(_))
    }

    /// The ranks whose batches the statistics are of; `None` where they are not synchronised.
    pub(crate) fn ranks(&self) -> Option<&Arc<dyn Collective>> {
        match self {
            Self::Synchronised(ranks) | Self::Others(ranks) => Some(ranks),
            Self::Batch | Self::Running { .. } => None,
        }
    }
}

/// Convolution, batch normalisation, activation: `f(norm(x ∗ weight))`.
#[derive(Clone, Debug)]
pub struct ConvNormAct {
    /// Kind of the convolution.
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

impl ConvNormAct {
    /// Its sizes for an `x` of this shape.
    ///
    /// # Errors
    /// When the shapes of `x` and the parameters do not fit each other.
    pub(crate) fn geometry(&self, x: &Shape) -> Result<Geometry> {
        let geometry = Geometry::of(self.kind, x.dims(), self.weight.dims(), self.window)?;
        let mut rows = vec![("scale", &self.gamma), ("shift", &self.beta)];
        if let Norm::Running { mean, variance } = &self.norm {
            rows.extend([("mean", mean), ("variance", variance)]);
        }
        for (name, row) in rows {
            let shape = [geometry.out_channels];
            if row.dims() != shape {
                candle_core::bail!("a normalisation was given a {name} {:?}; it must be {shape:?}", row.dims())
            }
        }
        Ok(geometry)
    }
}

/// Mean and unbiased variance of each channel of a convolution's result over the batch, or over those of all ranks.
#[derive(Clone, Debug)]
pub struct BatchMoments {
    /// Mean, f32 `[O]` on the map's device.
    pub mean: Tensor,
    /// Unbiased variance, as the mean.
    pub variance: Tensor,
}

/// Squeeze-and-excitation (Hu et al., 2018) of `C` channels through `S`:
/// `x · gate(expand(f(reduce(mean(x)))))`, the mean taken over the pixels of each image.
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
    /// The inner non-linearity.
    pub activation: Activation,
    /// The function that opens the gate.
    pub gate: Gate,
}

impl SqueezeExcite {
    pub(crate) fn params(&self) -> [&Tensor; 4] {
        [&self.reduce_weight, &self.reduce_bias, &self.expand_weight, &self.expand_bias]
    }

    /// Channels that those of an `x` of this shape are squeezed to.
    ///
    /// # Errors
    /// When `x` has no pixels, or a parameter's shape does not fit.
    pub(crate) fn squeezed(&self, x: &Shape) -> Result<usize> {
        let (_, _, _, channels) = x.dims4()?;
        if x.elem_count() == 0 {
            candle_core::bail!("a squeeze-and-excitation was given a map without pixels, {x:?}")
        }
        let squeezed = self.reduce_bias.elem_count();
        if squeezed == 0 {
            candle_core::bail!("a squeeze-and-excitation squeezes {channels} channels to none")
        }
        let wanted: [(&str, &[usize]); 4] = [
            ("a reducing weight", &[squeezed, channels, 1, 1]),
            ("a reducing bias", &[squeezed]),
            ("an expanding weight", &[channels, squeezed, 1, 1]),
            ("an expanding bias", &[channels]),
        ];
        for (param, (name, shape)) in self.params().into_iter().zip(wanted) {
            if param.dims() != shape {
                let found = param.dims();
                candle_core::bail!("a squeeze-and-excitation was given {name} {found:?}; it must be {shape:?}")
            }
        }
        Ok(squeezed)
    }
}
