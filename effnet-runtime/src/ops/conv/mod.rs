//! Dense two-dimensional convolution.

mod correlate;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
pub(crate) mod kernel;
pub(super) mod pack;
#[cfg(test)]
pub(crate) mod tests;
mod weight_gradient;

use candle_core::{Result, Tensor};
use effnet_kernels::simd::Level;

use super::cpu::view;
use super::node::{self, Gradients};
use super::source::Source;
use super::window::{Geometry, Window};

/// `x ∗ weight`, without bias. `x` is `[N, H, W, I]`, `weight` `[O, I, k, k]` (PyTorch's order), the result
/// `[N, H', W', O]`. Any layout is taken; differentiable in both.
///
/// # Errors
/// When the shapes do not fit each other, or the tensors are not f32 on the CPU, nor on one CUDA device with
/// an f32 weight.
pub fn conv2d(x: &Tensor, weight: &Tensor, window: Window) -> Result<Tensor> {
    let (x, weight) = (x.contiguous()?, weight.contiguous()?);
    let geometry = geometry(x.dims(), &weight, window)?;
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() {
        return on_cuda(&x, &weight, geometry);
    }
    let level = Level::current();
    let mut out = vec![0f32; geometry.out_shape().elem_count()];
    kernel::forward(
        level,
        &geometry,
        Source::plain(&view(&x)?, geometry.in_channels),
        &view(&weight)?,
        &mut out,
        false,
    );
    let (saved_x, saved_weight) = (x.clone(), weight.clone());
    node::record("conv2d", &[&x], &[&weight], (out, geometry.out_shape()), move |grad| {
        let (x, weight, grad) = (view(&saved_x)?, view(&saved_weight)?, view(grad)?);
        let dx = saved_x.track_op().then(|| {
            let mut dx = vec![0f32; saved_x.elem_count()];
            kernel::backward_input(level, &geometry, &grad, &weight, &mut dx);
            dx
        });
        let dw = saved_weight
            .track_op()
            .then(|| kernel::backward_weight(level, &geometry, Source::plain(&x, geometry.in_channels), &grad));
        Ok(Gradients { inputs: vec![node::like(dx, &saved_x)?], params: vec![node::like(dw, &saved_weight)?] })
    })
}

#[cfg(feature = "cuda")]
fn on_cuda(x: &Tensor, weight: &Tensor, geometry: Geometry) -> Result<Tensor> {
    let y = cuda::forward(x, weight, &geometry)?;
    let (saved_x, saved_weight) = (x.clone(), weight.clone());
    node::record("conv2d", &[x], &[weight], y, move |grad| {
        let dx = saved_x.track_op().then(|| cuda::backward_input(grad, &saved_weight, &geometry));
        let dw = saved_weight.track_op().then(|| cuda::backward_weight(&saved_x, grad, &geometry));
        Ok(Gradients { inputs: vec![dx.transpose()?], params: vec![dw.transpose()?] })
    })
}

/// Sizes of a convolution with a weight `[O, I, k, k]`.
pub(crate) fn geometry(x: &[usize], weight: &Tensor, window: Window) -> Result<Geometry> {
    let (outputs, inputs, height, width) = weight.dims4()?;
    if (height, width) != (window.kernel, window.kernel) {
        candle_core::bail!("a convolution of kernel {} was given weights {height} × {width}", window.kernel)
    }
    Geometry::new(x, (outputs, inputs), window)
}
