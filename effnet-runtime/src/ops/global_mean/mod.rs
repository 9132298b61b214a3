//! Mean over the pixels of each image.

#[cfg(feature = "cuda")]
mod cuda;
#[cfg(test)]
mod tests;

use candle_core::{Result, Tensor};
use effnet_kernels::simd::Level;

use super::cpu::view;
use super::image_sums;
use super::node::{self, Gradients};
use super::source::Source;

/// Mean over height and width: `[N, H, W, C]` to `[N, C]`. Any layout is taken; differentiable.
///
/// # Errors
/// When the tensor has another rank, no pixels, or is not f32 (on a CUDA device, f32 or bf16).
pub fn global_mean(x: &Tensor) -> Result<Tensor> {
    let x = x.contiguous()?;
    let (batch, height, width, channels) = x.dims4()?;
    if x.elem_count() == 0 {
        candle_core::bail!("the mean of a map without pixels, {:?}, was asked for", x.dims())
    }
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() {
        return cuda::global_mean(&x);
    }
    let share = 1.0 / (height * width) as f32;
    let mut means = image_sums::sums(Level::current(), Source::plain(&view(&x)?, channels), batch);
    means.iter_mut().for_each(|mean| *mean *= share);
    let saved = x.clone();
    node::record("global_mean", &[&x], &[], (means, (batch, channels).into()), move |grad| {
        let grad = (grad * f64::from(share))?.reshape((batch, 1, 1, channels))?;
        Ok(Gradients { inputs: vec![Some(grad.broadcast_as(saved.shape())?.contiguous()?)], params: vec![] })
    })
}
