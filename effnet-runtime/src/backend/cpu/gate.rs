//! From an image's mean to the gate of its channels, and back.

use effnet_kernels::activation;
use effnet_spec::Activation;

use super::matmul::{Matrix, matmul};

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
}

/// Gradients of a gate's arguments.
pub(super) struct GateGradients {
    pub mean: Vec<f32>,
    pub reduce_weight: Vec<f32>,
    pub reduce_bias: Vec<f32>,
    pub expand_weight: Vec<f32>,
    pub expand_bias: Vec<f32>,
}

fn column_sums(rows: &[f32], columns: usize) -> Vec<f32> {
    rows.chunks_exact(columns).fold(vec![0.0; columns], |mut sums, row| {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        sums
    })
}

impl Gate {
    /// `values = sigmoid(f(mean · reduceᵀ + bias) · expandᵀ + bias)`.
    pub(super) fn open(
        mean: Vec<f32>,
        (reduce_weight, reduce_bias): (Vec<f32>, &[f32]),
        (expand_weight, expand_bias): (Vec<f32>, &[f32]),
        (batch, channels, squeezed): (usize, usize, usize),
        activation: Activation,
    ) -> Self {
        let mut reduced = reduce_bias.repeat(batch);
        let weight = Matrix::new(&reduce_weight, squeezed, channels).transposed();
        matmul(&mut reduced, Matrix::new(&mean, batch, channels), weight, true);
        let activated: Vec<f32> = reduced.iter().map(|u| activation::value(activation, *u)).collect();
        let mut values = expand_bias.repeat(batch);
        let weight = Matrix::new(&expand_weight, channels, squeezed).transposed();
        matmul(&mut values, Matrix::new(&activated, batch, squeezed), weight, true);
        // NaN stays NaN here, unlike in the vector kernels' sigmoid, whose results are multiplied by their argument.
        values.iter_mut().for_each(|value| *value = 1.0 / (1.0 + (-*value).exp()));
        Self { mean, reduced, activated, values, reduce_weight, expand_weight, batch, channels, squeezed, activation }
    }

    /// Images that it has factors for.
    pub(super) fn images(&self) -> usize {
        self.batch
    }

    /// Gradients, from that of the gate.
    pub(super) fn backward(&self, gate_gradient: Vec<f32>) -> GateGradients {
        let (batch, channels, squeezed) = (self.batch, self.channels, self.squeezed);
        let mut expanded = gate_gradient;
        for (gradient, gate) in expanded.iter_mut().zip(&self.values) {
            *gradient *= gate * (1.0 - gate);
        }
        let by_image = Matrix::new(&expanded, batch, channels);
        let mut expand_weight = vec![0.0; channels * squeezed];
        matmul(&mut expand_weight, by_image.transposed(), Matrix::new(&self.activated, batch, squeezed), false);
        let mut reduced = vec![0.0; batch * squeezed];
        matmul(&mut reduced, by_image, Matrix::new(&self.expand_weight, channels, squeezed), false);
        for (gradient, u) in reduced.iter_mut().zip(&self.reduced) {
            *gradient *= activation::derivative(self.activation, *u);
        }
        let by_image = Matrix::new(&reduced, batch, squeezed);
        let mut reduce_weight = vec![0.0; squeezed * channels];
        matmul(&mut reduce_weight, by_image.transposed(), Matrix::new(&self.mean, batch, channels), false);
        let mut mean = vec![0.0; batch * channels];
        matmul(&mut mean, by_image, Matrix::new(&self.reduce_weight, squeezed, channels), false);
        GateGradients {
            mean,
            reduce_weight,
            reduce_bias: column_sums(&reduced, squeezed),
            expand_bias: column_sums(&expanded, channels),
            expand_weight,
        }
    }
}
