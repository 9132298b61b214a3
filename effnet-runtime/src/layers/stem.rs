//! The stem: images to the first feature map.

use std::fmt;

use candle_core::{DType, Result, Tensor};
use effnet_kernels::Precision;
use effnet_spec::Spec;

use super::Block;
use crate::backend::supports;
use crate::images;
use crate::ops::channels_last::channels_last;
use crate::params::Params;
use crate::pass::Pass;
use crate::scope::Scope;

/// A convolution with batch normalisation and activation, and the permutation out of candle's layout in front of it.
#[derive(Clone)]
pub(crate) struct Stem {
    pub(super) conv: Block,
    in_channels: usize,
    /// The network's, which are complete before its first pass.
    params: Params,
}

impl fmt::Debug for Stem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.conv.fmt(f)
    }
}

impl Stem {
    /// Takes its parameters from `root`, the network's scope.
    ///
    /// # Errors
    /// When the scope lacks a parameter, or has it in another shape.
    pub(crate) fn new(root: &Scope<'_>, spec: &Spec) -> Result<Self> {
        let (conv, in_channels) = (Block::of_site(root, &spec.stem())?, spec.settings.in_channels);
        Ok(Self { conv, in_channels, params: root.params.clone() })
    }

    /// The first feature map `[N, H, W, C]` of images `[N, channels, H, W]`.
    ///
    /// # Errors
    /// When the images do not fit, or candle fails.
    pub(crate) fn forward(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        super::run(&self.map(images, pass)?, &[&self.conv], pass)
    }

    /// `[N, H, W, channels]` of images `[N, channels, H, W]`, in the number format of the pass.
    pub(super) fn map(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        let precision = pass.precision();
        if !supports(images.device(), precision) {
            candle_core::bail!("activations in {precision:?} are computed on CUDA devices only; use F32 on the CPU")
        }
        let [batch, ..] = images::check(images, self.in_channels)?;
        if let Pass::Train(step) = pass {
            self.params.check_all_frozen()?;
            let samples = step.samples.len();
            if samples != batch {
                candle_core::bail!("a step of {samples} samples was given {batch} images")
            }
        }
        let images = match precision {
            Precision::F32 => images.clone(),
            Precision::Bf16 => images.to_dtype(DType::BF16)?,
        };
        channels_last(&images)
    }
}
