//! One step of training.

use candle_core::{D, DType, Tensor};

use super::error::Result;
use super::finite;
use super::optimizer::{Gradients, Optimizer};
use crate::data::Batch;
use crate::network::Network;
use crate::ops::cross_entropy::{cross_entropy, smoothed};
use crate::pass::{NormUpdates, Pass, Precision, Step};

/// What all steps of a run, or of a stage of it, have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOptions {
    /// Seed of the run.
    pub seed: u64,
    /// Share of a target that is spread over all classes.
    pub label_smoothing: f64,
    /// Probability of dropping a feature in front of the classifier.
    pub dropout: f64,
    /// Factor on the table's drop-path rates.
    pub drop_path_scale: f64,
}

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOutcome {
    /// Mean loss of the batch, before the step changed anything.
    pub loss: f64,
    /// Images whose likeliest class was theirs.
    pub correct: usize,
    /// Images of the batch.
    pub images: usize,
}

/// Takes one step: forward, loss, backward, optimizer. `number` counts a run's steps from 0.
///
/// Weights and running statistics change only after loss and gradients have proved finite.
///
/// # Errors
/// [`super::Error::NotFinite`] when they do not, and nothing has changed then; or when shapes do not fit.
pub fn step(
    network: &dyn Network,
    optimizer: &mut Optimizer,
    batch: &Batch,
    options: &StepOptions,
    number: u64,
    rate: f64,
) -> Result<StepOutcome> {
    let params = network.params();
    let norms = NormUpdates::new();
    let pass = Step {
        seed: options.seed,
        step: number,
        samples: &batch.samples,
        dropout: options.dropout,
        drop_path_scale: options.drop_path_scale,
        precision: Precision::F32,
        norms: &norms,
    };
    let logits = network.run(&batch.images.to_device(params.device())?, &Pass::Train(&pass))?;
    let targets = smoothed(&batch.labels, network.num_classes(), options.label_smoothing)?;
    let loss = cross_entropy(&logits, &targets.to_device(logits.device())?)?;
    let value = f64::from(loss.to_scalar::<f32>()?);
    if !value.is_finite() {
        return Err(finite::of_loss(network, batch, &norms, number, rate)?);
    }
    let gradients = Gradients::of(&loss, params)?;
    if let Some(name) = gradients.first_not_finite()? {
        return Err(finite::of_gradient(name, number, rate));
    }
    optimizer.step(params, &gradients, rate)?;
    norms.apply(params)?;
    Ok(StepOutcome { loss: value, correct: correct(&logits, &batch.labels)?, images: batch.labels.len() })
}

/// How many rows of logits are largest at their label.
fn correct(logits: &Tensor, labels: &[u32]) -> Result<usize> {
    let likeliest: Vec<u32> = logits.detach().argmax(D::Minus1)?.to_dtype(DType::U32)?.to_vec1()?;
    Ok(likeliest.iter().zip(labels).filter(|(found, label)| found == label).count())
}
