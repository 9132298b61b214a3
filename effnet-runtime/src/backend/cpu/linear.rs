//! The classifier's linear layer.

use candle_core::{Result, Tensor};
use effnet_kernels::threads;

use super::matmul::{Matrix, column_sums, matmul};
use super::{Cpu, tensor, view};
use crate::backend::head::Linear;

/// Rows of the result, or of the weight's gradient, that are one task.
const TASK_ROWS: usize = 16;

impl Linear for Cpu {
    fn linear(&self, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let ((batch, inputs), outputs) = (x.dims2()?, weight.dim(0)?);
        let mut out = bias.to_vec1::<f32>()?.repeat(batch);
        let (x, weight) = (view(x)?, view(weight)?);
        let weight = Matrix::new(&weight, outputs, inputs).transposed();
        threads::current().for_each_chunk(&mut out, TASK_ROWS * outputs, |at, out| {
            let rows = out.len() / outputs;
            matmul(out, Matrix::new(&x[at * TASK_ROWS * inputs..], rows, inputs), weight, true);
        });
        Ok(tensor(out, (batch, outputs)))
    }

    fn linear_gradients(
        &self,
        x: &Tensor,
        weight: &Tensor,
        grad: &Tensor,
        wants: [bool; 3],
    ) -> Result<[Option<Tensor>; 3]> {
        let ((batch, inputs), outputs) = (x.dims2()?, weight.dim(0)?);
        let (x, weight, grad) = (view(x)?, view(weight)?, view(grad)?);
        let pool = threads::current();
        let dx = wants[0].then(|| {
            let mut dx = vec![0f32; batch * inputs];
            pool.for_each_chunk(&mut dx, TASK_ROWS * inputs, |at, dx| {
                let grad = Matrix::new(&grad[at * TASK_ROWS * outputs..], dx.len() / inputs, outputs);
                matmul(dx, grad, Matrix::new(&weight, outputs, inputs), false);
            });
            tensor(dx, (batch, inputs))
        });
        let dw = wants[1].then(|| {
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
            tensor(dw, (outputs, inputs))
        });
        let db = wants[2].then(|| tensor(column_sums(&grad, outputs), outputs));
        Ok([dx, dw, db])
    }
}
