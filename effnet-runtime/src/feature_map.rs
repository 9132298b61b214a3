//! A feature map whose type says how many channels it has.

use candle_core::{Result, Tensor};

/// A feature map of `C` channels, stored as a contiguous `[N, H, W, C]`.
#[derive(Clone, Debug)]
pub struct FeatureMap<const C: usize>(Tensor);

impl<const C: usize> FeatureMap<C> {
    /// Takes a tensor `[N, C, H, W]`, candle's and PyTorch's layout.
    ///
    /// # Errors
    /// When the tensor has another rank or another number of channels.
    pub fn from_nchw(nchw: &Tensor) -> Result<Self> {
        Self::from_nhwc(nchw.permute((0, 2, 3, 1))?)
    }

    /// The map as a contiguous tensor `[N, C, H, W]`, in the number format of the pass.
    ///
    /// # Errors
    /// When candle fails.
    pub fn to_nchw(&self) -> Result<Tensor> {
        self.0.permute((0, 3, 1, 2))?.contiguous()
    }

    /// Takes a tensor `[N, H, W, C]`, made contiguous if it is not.
    pub(crate) fn from_nhwc(nhwc: Tensor) -> Result<Self> {
        let (_, _, _, channels) = nhwc.dims4()?;
        if channels != C {
            candle_core::bail!("a feature map of {C} channels was given {channels} channels")
        }
        Ok(Self(nhwc.contiguous()?))
    }

    pub(crate) fn as_nhwc(&self) -> &Tensor {
        &self.0
    }

    /// Images in the batch.
    pub fn batch(&self) -> usize {
        self.0.dims()[0]
    }

    /// Height and width in pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.0.dims()[1], self.0.dims()[2])
    }
}
