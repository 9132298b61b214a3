//! The classifier's linear layer.

#[cfg(test)]
mod tests;

use candle_core::{Result, Tensor};
use effnet_kernels::threads;

use super::cpu::view;
use super::matmul::{Matrix, matmul};
use super::node::{self, Gradients};

/// Rows of the result, or of the weight's gradient, that are one task.
const TASK_ROWS: usize = 16;

/// `x · weightᵀ + bias`: `x` is `[N, I]`, `weight` `[O, I]`, `bias` `[O]`, the result `[N, O]`. Any layout is taken;
/// differentiable in all three.
///
/// # Errors
/// When shapes do not fit each other, or tensors are not f32 on the CPU.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (x, weight) = (x.contiguous()?, weight.contiguous()?);
    let ((batch, inputs), (outputs, weight_inputs)) = (x.dims2()?, weight.dims2()?);
    if inputs != weight_inputs || bias.dims() != [outputs] {
        candle_core::bail!("a linear layer {:?} with bias {:?} was given {:?}", weight.dims(), bias.dims(), x.dims())
    }
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() {
        // Two products and a sum: candle's own nodes do as well as one of ours.
        return x.matmul(&weight.t()?)?.broadcast_add(bias);
    }
    let mut out = bias.to_vec1::<f32>()?.repeat(batch);
    let pool = threads::current();
    {
        let (x, weight) = (view(&x)?, view(&weight)?);
        let weight = Matrix::new(&weight, outputs, inputs).transposed();
        pool.for_each_chunk(&mut out, TASK_ROWS * outputs, |at, out| {
            let rows = out.len() / outputs;
            matmul(out, Matrix::new(&x[at * TASK_ROWS * inputs..], rows, inputs), weight, true);
        });
    }
    let (saved_x, saved_weight, saved_bias) = (x.clone(), weight.clone(), bias.clone());
    node::record("linear", &[&x], &[&weight, bias], (out, (batch, outputs).into()), move |grad| {
        let (x, weight, grad) = (view(&saved_x)?, view(&saved_weight)?, view(grad)?);
        let pool = threads::current();
        let dx = saved_x.track_op().then(|| {
            let mut dx = vec![0f32; batch * inputs];
            pool.for_each_chunk(&mut dx, TASK_ROWS * inputs, |at, dx| {
                let grad = Matrix::new(&grad[at * TASK_ROWS * outputs..], dx.len() / inputs, outputs);
                matmul(dx, grad, Matrix::new(&weight, outputs, inputs), false);
            });
            dx
        });
        let dw = saved_weight.track_op().then(|| {
            let mut dw = vec![0f32; outputs * inputs];
            pool.for_each_chunk(&mut dw, TASK_ROWS * inputs, |at, dw| {
                let rows = dw.len() / inputs;
                // The gradient's columns of these outputs, as rows.
                let columns: Vec<f32> = (0..rows)
                    .flat_map(|row| grad.iter().skip(at * TASK_ROWS + row).step_by(outputs))
                    .copied()
                    .collect();
                matmul(dw, Matrix::new(&columns, rows, batch), Matrix::new(&x, batch, inputs), false);
            });
            dw
        });
        let db = saved_bias.track_op().then(|| {
            grad.chunks_exact(outputs).fold(vec![0f32; outputs], |mut sums, row| {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                sums
            })
        });
        let params = vec![node::like(dw, &saved_weight)?, node::like(db, &saved_bias)?];
        Ok(Gradients { inputs: vec![node::like(dx, &saved_x)?], params })
    })
}
