//! The classifier's linear layer.

#[cfg(test)]
mod tests;

use candle_core::{DType, Result, Tensor};

use crate::backend::head::Linear;
use crate::backend::on_device;
use crate::graph::record;

/// `x · weightᵀ + bias`: `x` is `[N, I]`, `weight` `[O, I]`, `bias` `[O]`, the result `[N, O]`. Any layout is taken;
/// differentiable in all three.
///
/// # Errors
/// When shapes do not fit each other, or tensors are not f32 on one device.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    on_device!(x.device(), backend => by(backend, x, weight, bias))
}

fn by(backend: impl Linear, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (x, weight, bias) = (x.contiguous()?, weight.contiguous()?, bias.contiguous()?);
    if let Some(other) = [&x, &weight, &bias].into_iter().find(|tensor| tensor.dtype() != DType::F32) {
        candle_core::bail!("a linear layer was given {:?}; it takes F32", other.dtype())
    }
    let ((_, inputs), (outputs, weight_inputs)) = (x.dims2()?, weight.dims2()?);
    if inputs != weight_inputs || bias.dims() != [outputs] {
        candle_core::bail!("a linear layer {:?} with bias {:?} was given {:?}", weight.dims(), bias.dims(), x.dims())
    }
    let args = [x, weight, bias];
    let [saved_x, saved_weight, saved_bias] = [0, 1, 2].map(|at| args[at].detach());
    let wants = [0, 1, 2].map(|at| args[at].track_op());
    let y = backend.linear(&saved_x, &saved_weight, &saved_bias)?;
    let [x, weight, bias] = &args;
    let params = [weight.id(), bias.id()];
    record("linear", x, &[weight, bias], y, move |grad, found| {
        let [dx, dw, db] = backend.linear_gradients(&saved_x, &saved_weight, grad, wants)?;
        for (param, gradient) in params.into_iter().zip([dw, db]) {
            if let Some(gradient) = gradient {
                found.add(param, gradient)?;
            }
        }
        Ok(dx)
    })
}
