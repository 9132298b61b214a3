//! One step of training.

use std::sync::Arc;

use candle_core::{D, DType, Tensor};
use effnet_kernels::Precision;

use super::error::{Error, Result};
use super::finite;
use super::optimizer::{Gradients, Optimizer};
use super::ranks::{Buckets, Counts, Told, blank};
use super::single::check_part;
use crate::collective::{Collective, Single};
use crate::data::Batch;
use crate::graph::Collected;
use crate::network::Network;
use crate::ops::cross_entropy::{cross_entropy, smoothed, smoothed_pairs};
use crate::pass::{NormUpdates, Pass, Statistics, Step};

/// Options common to all steps of a run, or of one of its stages.
#[derive(Clone, Copy, Debug)]
pub struct StepOptions<'a> {
    /// Seed of the run.
    pub seed: u64,
    /// Share of a target that is spread over all classes.
    pub label_smoothing: f64,
    /// Weight of each class in the loss; none for equal weights.
    pub class_weights: Option<&'a [f32]>,
    /// Probability of dropping a feature in front of the classifier.
    pub dropout: f64,
    /// Factor on the table's drop-path rates.
    pub drop_path_scale: f64,
    /// Number format of the activations.
    pub precision: Precision,
    /// Statistics that batch normalisation uses.
    pub statistics: &'a Statistics,
}

/// Results of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepOutcome {
    /// Mean loss of the batch, before the step changed anything.
    pub loss: f64,
    /// Images that were classified rightly.
    pub correct: usize,
    /// Images of the batch.
    pub images: usize,
}

/// Takes one step: forward, loss, backward, optimizer. `number` counts a run's steps from 0.
///
/// The batch may come in parts, whose gradients are added up (gradient accumulation); batch normalisation sees each
/// part by itself. Weights and running statistics change only after all losses and gradients have proved finite.
///
/// # Errors
/// [`super::Error::NotFinite`] when a loss or gradient is not finite; nothing has changed then. Also when shapes do not
/// fit, or when a part is a single image that leaves a batch normalisation one value per channel to take
/// statistics of.
pub fn step(
    network: &dyn Network,
    optimizer: &mut Optimizer,
    parts: &[Batch],
    options: &StepOptions<'_>,
    number: u64,
    rate: f64,
) -> Result<StepOutcome> {
    step_over(&(Arc::new(Single) as Arc<dyn Collective>), network, optimizer, parts, options, number, rate)
}

/// Takes one step with the other ranks of a group, each of which calls it with its share of the batch. The outcome is the
/// whole batch's.
///
/// # Errors
/// The errors of [`step()`], whichever rank has one; and when the group fails.
pub fn step_over(
    ranks: &Arc<dyn Collective>,
    network: &dyn Network,
    optimizer: &mut Optimizer,
    parts: &[Batch],
    options: &StepOptions<'_>,
    number: u64,
    rate: f64,
) -> Result<StepOutcome> {
    let (params, is_alone) = (network.params(), ranks.size() == 1);
    let counts = Counts::of(parts, ranks.as_ref())?;
    let images = counts.images();
    if images == 0 {
        return Ok(StepOutcome::default());
    }
    let not_finite = |what| Error::NotFinite { step: number + 1, rate, what };
    let (mut told, mut gradients, mut buckets) = (Told::default(), None::<Gradients>, None::<Buckets>);
    let mut norms = Vec::with_capacity(counts.parts());
    for at in 0..counts.parts() {
        let blank = if at < parts.len() { None } else { Some(blank(network)?) };
        let part = blank.as_ref().unwrap_or_else(|| &parts[at]);
        if !matches!(options.statistics, Statistics::Running) {
            check_part(network, &part.images)?;
        }
        let others = match options.statistics {
            Statistics::Synchronised(ranks) if blank.is_some() => Some(Statistics::Others(Arc::clone(ranks))),
            _ => None,
        };
        let options = StepOptions { statistics: others.as_ref().unwrap_or(options.statistics), ..*options };
        let of_part = NormUpdates::new();
        let run = || forward(network, part, &options, number, &of_part);
        let ((loss, correct), collected) = if is_alone || at + 1 < counts.parts() {
            Collected::of(params.device(), run)?
        } else {
            let sums = Buckets::new(Arc::clone(ranks), gradients.take().as_ref(), params);
            let ready = sums.ready();
            buckets = Some(sums);
            Collected::flowing(params.device(), ready, run)?
        };
        let value = f64::from(loss.to_scalar::<f32>()?);
        if !value.is_finite() {
            let what = finite::of_loss(network, part, &of_part)?;
            if is_alone {
                return Err(not_finite(what));
            }
            // The others wait for this rank's gradients.
            told.bad.get_or_insert(what);
        }
        // Mean over the whole batch; where a part is all of it, exactly that part's loss.
        let share = counts.share(at);
        let loss = match share {
            1.0 => loss,
            // candle takes no way back through a product with the number 0, and the other ranks wait for its gradients.
            0.0 => (&loss * loss.zeros_like()?)?,
            _ => (loss * share)?,
        };
        let new = Gradients::with_collected(&loss, params, &collected)?;
        match &mut gradients {
            Some(sum) => sum.add(new)?,
            None => gradients = Some(new),
        }
        if blank.is_none() {
            told.loss += value * share;
            told.correct += correct;
        }
        norms.push(of_part);
    }
    let told = told.by_all(ranks.as_ref())?;
    if let Some(what) = told.bad {
        return Err(not_finite(what));
    }
    let Some(mut gradients) = gradients else { return Ok(StepOutcome::default()) };
    if let Some(buckets) = buckets {
        let is_of_all = matches!(options.statistics, Statistics::Synchronised(_));
        let shares: Vec<f64> = (0..counts.parts()).map(|part| counts.share_of_part(part)).collect();
        gradients = buckets.finish(params, &gradients, &norms, (!is_of_all).then_some(&shares))?;
    }
    let mut bad = None;
    optimizer.step_if(params, &gradients, rate, || {
        bad = gradients.first_not_finite()?;
        Ok(bad.is_none())
    })?;
    if let Some(name) = bad {
        return Err(not_finite(format!("the gradient of `{name}` is not finite")));
    }
    for of_part in &norms {
        of_part.apply(params)?;
    }
    Ok(StepOutcome { loss: told.loss, correct: told.correct, images })
}

/// Loss of a part, and how many of its images were classified rightly.
fn forward(
    network: &dyn Network,
    part: &Batch,
    options: &StepOptions<'_>,
    number: u64,
    norms: &NormUpdates,
) -> Result<(Tensor, usize)> {
    if network.num_classes() == 0 {
        let message = "the network has no classifier to train by labels: build it with the classes of the data";
        return Err(candle_core::Error::msg(message).into());
    }
    let pass = Step {
        seed: options.seed,
        step: number,
        samples: &part.samples,
        dropout: options.dropout,
        drop_path_scale: options.drop_path_scale,
        precision: options.precision,
        statistics: options.statistics,
        norms,
    };
    let logits = network.run(&part.images.to_device(network.params().device())?, &Pass::Train(&pass))?;
    let (classes, smoothing) = (network.num_classes(), options.label_smoothing);
    let mut targets = match &part.partners {
        Some(partners) => smoothed_pairs(&part.labels, partners, classes, smoothing)?,
        None => smoothed(&part.labels, classes, smoothing)?,
    };
    if let Some(weights) = options.class_weights {
        targets = targets.broadcast_mul(&Tensor::from_slice(weights, weights.len(), targets.device())?)?;
    }
    let loss = cross_entropy(&logits, &targets.to_device(logits.device())?)?;
    Ok((loss, correct(&logits, &part.labels)?))
}

/// Number of rows whose largest logit is their label's.
fn correct(logits: &Tensor, labels: &[u32]) -> Result<usize> {
    let likeliest: Vec<u32> = logits.detach().argmax(D::Minus1)?.to_dtype(DType::U32)?.to_vec1()?;
    Ok(likeliest.iter().zip(labels).filter(|(found, label)| found == label).count())
}
