//! The stem: images to the first feature map.

use candle_core::{DType, Result, Tensor};
use effnet_kernels::Precision;

use super::{ConvBnAct, ConvShape, Sequence};
use crate::ops::Kind;
use crate::pass::Pass;
use crate::scope::Scope;

/// A 3×3 convolution of stride 2 with batch normalisation and activation. Here images leave candle's layout.
#[derive(Debug)]
pub struct Stem(ConvBnAct);

impl Stem {
    /// Takes its parameters from `scope`, the stem's own.
    ///
    /// # Errors
    /// When the scope lacks a parameter, or has it in another shape.
    pub fn new(scope: &Scope<'_>, in_channels: usize, out_channels: usize) -> Result<Self> {
        let shape = ConvShape { kind: Kind::Dense, in_channels, out_channels, kernel: 3, stride: 2 };
        Ok(Self(ConvBnAct::new(scope, shape, Some(scope.activation()))?))
    }

    /// `[N, H, W, in_channels]` of images `[N, in_channels, H, W]`, in the number format of the pass.
    ///
    /// # Errors
    /// When the device does not have the format, or candle fails.
    pub fn map(&self, images: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        let precision = pass.precision();
        if precision != Precision::F32 && !images.device().is_cuda() {
            candle_core::bail!(
                "activations of {precision:?} need a CUDA device: leave out --precision, or say --device cuda"
            )
        }
        // Images of another format than f32 are refused there, and not converted.
        let images = match (images.dtype(), precision) {
            (DType::F32, Precision::Bf16) => images.to_dtype(DType::BF16)?,
            _ => images.clone(),
        };
        images.permute((0, 2, 3, 1))?.contiguous()
    }

    /// Its layer.
    pub fn sequence(&self) -> Sequence<'_> {
        self.0.sequence()
    }
}
