//! Softmax cross entropy.
//!
//! Rows are independent, and the mean is summed in their order, so that threads change no bit.

use candle_core::{Result, Tensor};
use effnet_kernels::threads;

use super::{Cpu, tensor, view};
use crate::backend::head::CrossEntropy;

impl CrossEntropy for Cpu {
    type Saved = ();

    fn cross_entropy(&self, logits: &Tensor, targets: &Tensor) -> Result<(Tensor, ())> {
        let loss = forward(&view(logits)?, &view(targets)?, logits.dim(1)?);
        Ok((tensor(vec![loss], ()), ()))
    }

    fn cross_entropy_gradient(&self, logits: &Tensor, targets: &Tensor, _: &(), grad: &Tensor) -> Result<Tensor> {
        let of_mean = backward(&view(logits)?, &view(targets)?, logits.dim(1)?);
        tensor(of_mean, logits.shape()).broadcast_mul(grad)
    }
}

/// `log Σ exp(row)`, with the largest logit taken out so that nothing overflows.
fn log_sum_exp(row: &[f32]) -> f32 {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    largest + row.iter().map(|logit| (logit - largest).exp()).sum::<f32>().ln()
}

/// Mean over the rows of `Σ targets · (log_sum_exp - logits)`.
fn forward(logits: &[f32], targets: &[f32], classes: usize) -> f32 {
    let rows = logits.len() / classes;
    let mut losses = vec![0f64; rows];
    threads::current().for_each_chunk(&mut losses, 1, |row, loss| {
        let logits = &logits[row * classes..][..classes];
        let targets = &targets[row * classes..][..classes];
        let normaliser = log_sum_exp(logits);
        loss[0] = logits.iter().zip(targets).map(|(z, t)| f64::from(*t) * f64::from(normaliser - z)).sum();
    });
    (losses.iter().sum::<f64>() / rows as f64) as f32
}

/// `(softmax(logits) · Σ targets - targets) / rows`.
fn backward(logits: &[f32], targets: &[f32], classes: usize) -> Vec<f32> {
    let share = 1.0 / (logits.len() / classes) as f32;
    let mut gradient = vec![0f32; logits.len()];
    threads::current().for_each_chunk(&mut gradient, classes, |row, gradient| {
        let logits = &logits[row * classes..][..classes];
        let targets = &targets[row * classes..][..classes];
        let normaliser = log_sum_exp(logits);
        let mass: f32 = targets.iter().sum();
        for ((g, z), t) in gradient.iter_mut().zip(logits).zip(targets) {
            *g = ((z - normaliser).exp() * mass - t) * share;
        }
    });
    gradient
}
