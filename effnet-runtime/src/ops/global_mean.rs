//! Mean over the pixels of each image.

#[cfg(test)]
mod tests;

use candle_core::{Result, Tensor};

use crate::backend::head::GlobalMean;
use crate::backend::on_device;
use crate::graph::record;

/// Mean over height and width: `[N, H, W, C]` to `[N, C]`. Any layout is taken; differentiable.
///
/// # Errors
/// When the tensor has another rank, no pixels, or is not f32 (on a CUDA device, f32 or bf16).
pub fn global_mean(x: &Tensor) -> Result<Tensor> {
    on_device!(x.device(), backend => by(backend, x))
}

fn by(backend: impl GlobalMean, x: &Tensor) -> Result<Tensor> {
    x.dims4()?;
    let x = x.contiguous()?;
    let shape = x.shape().clone();
    if shape.elem_count() == 0 {
        candle_core::bail!("the mean of no pixels: {shape:?}")
    }
    let means = backend.global_mean(&x.detach())?;
    record("global_mean", &x, &[], means, move |grad, _| backend.global_mean_gradient(&shape, grad).map(Some))
}
