//! Computes the gate of an image's channels from their means, and its gradients.

use candle_core::{Result, Tensor};
use effnet_kernels::activation;
use effnet_spec::{Activation, Gate as Opening};

use super::matmul::{Matrix, column_sums, matmul, product};
use super::tensor;
use crate::backend::layer::SqueezeExcite;

/// The gate of what its layers put out. NaN stays NaN, unlike in the vector kernels' sigmoid, whose results are
/// multiplied by their argument.
fn value(gate: Opening, u: f32) -> f32 {
    match gate {
        Opening::Sigmoid => 1.0 / (1.0 + (-u).exp()),
        Opening::HardSigmoid => activation::hard_sigmoid(u),
    }
}

/// The derivative of a gate where it has this value; 0 at a kink, as PyTorch's.
fn derivative(gate: Opening, value: f32) -> f32 {
    match gate {
        Opening::Sigmoid => value * (1.0 - value),
        Opening::HardSigmoid if value > 0.0 && value < 1.0 => 1.0 / 6.0,
        Opening::HardSigmoid => 0.0,
    }
}

/// Everything of a forward pass that its backward pass needs: `[batch, C]` and `[batch, S]` matrices.
pub(crate) struct Gate {
    mean: Vec<f32>,
    /// Output of the reduce layer before its non-linearity, and after.
    reduced: Vec<f32>,
    activated: Vec<f32>,
    /// The gate, in 0..1.
    pub values: Vec<f32>,
    reduce_weight: Vec<f32>,
    expand_weight: Vec<f32>,
    batch: usize,
    channels: usize,
    squeezed: usize,
    activation: Activation,
    gate: Opening,
}

impl Gate {
    /// `values = gate(f(mean · reduceᵀ + bias) · expandᵀ + bias)` of the means of `batch` images, through `squeezed`
    /// channels.
    ///
    /// # Errors
    /// When the parameters are not f32.
    pub(super) fn open(op: &SqueezeExcite, mean: Vec<f32>, batch: usize, squeezed: usize) -> Result<Self> {
        let (channels, activation, gate) = (mean.len() / batch, op.activation, op.gate);
        let read = |param: &Tensor| param.flatten_all()?.to_vec1::<f32>();
        let (reduce_weight, expand_weight) = (read(&op.reduce_weight)?, read(&op.expand_weight)?);
        let mut reduced = read(&op.reduce_bias)?.repeat(batch);
        let weight = Matrix::new(&reduce_weight, squeezed, channels).transposed();
        matmul(&mut reduced, Matrix::new(&mean, batch, channels), weight, true);
        let activated: Vec<f32> = reduced.iter().map(|u| activation::value(activation, *u)).collect();
        let mut values = read(&op.expand_bias)?.repeat(batch);
        let weight = Matrix::new(&expand_weight, channels, squeezed).transposed();
        matmul(&mut values, Matrix::new(&activated, batch, squeezed), weight, true);
        values.iter_mut().for_each(|value| *value = self::value(gate, *value));
        Ok(Self {
            mean,
            reduced,
            activated,
            values,
            reduce_weight,
            expand_weight,
            batch,
            channels,
            squeezed,
            activation,
            gate,
        })
    }

    /// Images that it has factors for.
    pub(super) fn images(&self) -> usize {
        self.batch
    }

    /// The gradient of the means, and those of the parameters in the order of [`SqueezeExcite::params`], from that of
    /// the gate.
    pub(super) fn backward(&self, gate_gradient: Vec<f32>) -> (Vec<f32>, [Tensor; 4]) {
        let (batch, channels, squeezed) = (self.batch, self.channels, self.squeezed);
        let mut expanded = gate_gradient;
        for (gradient, value) in expanded.iter_mut().zip(&self.values) {
            *gradient *= derivative(self.gate, *value);
        }
        let by_image = Matrix::new(&expanded, batch, channels);
        let expand_weight = product(by_image.transposed(), Matrix::new(&self.activated, batch, squeezed));
        let mut reduced = product(by_image, Matrix::new(&self.expand_weight, channels, squeezed));
        for (gradient, u) in reduced.iter_mut().zip(&self.reduced) {
            *gradient *= activation::derivative(self.activation, *u);
        }
        let by_image = Matrix::new(&reduced, batch, squeezed);
        let reduce_weight = product(by_image.transposed(), Matrix::new(&self.mean, batch, channels));
        let mean = product(by_image, Matrix::new(&self.reduce_weight, squeezed, channels));
        let params = [
            tensor(reduce_weight, (squeezed, channels, 1, 1)),
            tensor(column_sums(&reduced, squeezed), squeezed),
            tensor(expand_weight, (channels, squeezed, 1, 1)),
            tensor(column_sums(&expanded, channels), channels),
        ];
        (mean, params)
    }
}
