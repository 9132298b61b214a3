//! The classifier's linear layer: two products and a sum, which candle's own kernels do as well as ours would.

use candle_core::{Result, Tensor};

use super::Cuda;
use crate::backend::head::Linear;

impl Linear for Cuda {
    fn linear(&self, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
        x.matmul(&weight.t()?)?.broadcast_add(bias)
    }

    fn linear_gradients(
        &self,
        x: &Tensor,
        weight: &Tensor,
        grad: &Tensor,
        wants: [bool; 3],
    ) -> Result<[Option<Tensor>; 3]> {
        let dx = wants[0].then(|| grad.matmul(weight)).transpose()?;
        let dw = wants[1].then(|| grad.t()?.matmul(x)).transpose()?;
        let db = wants[2].then(|| grad.sum(0)).transpose()?;
        Ok([dx, dw, db])
    }
}
