//! How well a network tells images apart.

use std::collections::BTreeMap;

use candle_core::Tensor;
use effnet_kernels::Precision;
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use crate::collective::{Collective, Single, together};
use crate::data::{self, Batch};
use crate::network::Network;
use crate::ops::cross_entropy::{cross_entropy, smoothed};
use crate::pass::Pass;

/// A network's results on a set of labelled images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Number of images.
    pub images: usize,
    /// Mean cross entropy, without label smoothing.
    #[serde(deserialize_with = "null_as_nan")]
    pub loss: f64,
    /// Top-1 accuracy, in 0..=1.
    pub top1: f64,
    /// Top-5 accuracy, in 0..=1; 1 with five classes or fewer.
    pub top5: f64,
    /// Images of each class, and how many were classified rightly, in the order of the labels.
    pub classes: Vec<ClassScore>,
    /// Confusion matrix: counts of (true class, likeliest class).
    #[serde(serialize_with = "Confusion::as_rows", deserialize_with = "Confusion::from_rows")]
    pub confusion: Confusion,
    /// The misclassified images of the highest loss, at most [`WORST`]: by falling loss, and by sample where the loss
    /// is equal.
    pub worst: Vec<Misclassified>,
    /// The first sample, in the source's order, that was classified rightly; none if there is none.
    #[serde(default)]
    pub right: Option<u64>,
}

/// Number of the worst images that an evaluation names.
pub const WORST: usize = 24;

/// A misclassified image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Misclassified {
    /// Its sample's id: an index into the source.
    pub sample: u64,
    /// Its class.
    pub truth: u32,
    /// The likeliest class.
    pub found: u32,
    /// Probability of the likeliest class, in 0..=1.
    #[serde(deserialize_with = "null_as_nan")]
    pub probability: f64,
    /// Its cross entropy: minus the logarithm of its own class's probability.
    #[serde(deserialize_with = "null_as_nan")]
    pub loss: f64,
}

impl Misclassified {
    /// Inserts an image among the worst, if it is one of them.
    fn enter(self, worst: &mut Vec<Self>) {
        let before =
            |other: &Self| other.loss.total_cmp(&self.loss).reverse().then(other.sample.cmp(&self.sample)).is_lt();
        let place = worst.partition_point(before);
        if place < WORST {
            worst.truncate(WORST - 1);
            worst.insert(place, self);
        }
    }
}

/// JSON has no number that is not finite, and serde_json writes null for one.
fn null_as_nan<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// One class's results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassScore {
    /// Images of the class.
    pub images: usize,
    /// Images of the class that were classified rightly.
    pub correct: usize,
}

impl ClassScore {
    /// Recall: share of the class's images that were classified rightly; none without images.
    pub fn accuracy(&self) -> Option<f64> {
        (self.images > 0).then(|| self.correct as f64 / self.images as f64)
    }
}

/// Counts of (true class, likeliest class). Only counts above 0 are held: a full matrix of 21,841 classes has 477
/// million.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion(BTreeMap<(u32, u32), usize>);

impl Confusion {
    /// How often images of class `truth` were taken for class `found`.
    pub fn count(&self, truth: u32, found: u32) -> usize {
        self.0.get(&(truth, found)).copied().unwrap_or(0)
    }

    /// Every count above 0, as (true class, likeliest class, count), in the order of the classes.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32, usize)> + '_ {
        self.0.iter().map(|(&(truth, found), &count)| (truth, found, count))
    }

    /// Builds the matrix from counts in the form of [`Self::iter`].
    #[cfg(all(test, feature = "report"))]
    pub(super) fn from_counts(counts: impl Iterator<Item = (u32, u32, usize)>) -> Self {
        Self(counts.map(|(truth, found, count)| ((truth, found), count)).collect())
    }

    fn as_rows<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }

    fn from_rows<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let rows = Vec::<(u32, u32, usize)>::deserialize(deserializer)?;
        Ok(Self(rows.into_iter().map(|(truth, found, count)| ((truth, found), count)).collect()))
    }
}

/// Runs a network over batches and compares with their labels. `done` is called after each batch with its size.
///
/// # Errors
/// [`Error::NotFiniteOutput`] when logits are not finite, or their loss; or when a batch cannot be loaded, there is none,
/// or the network fails.
pub fn evaluate(
    network: &dyn Network,
    batches: impl Iterator<Item = std::result::Result<Batch, data::Error>>,
    done: impl FnMut(usize),
) -> Result<Evaluation> {
    evaluate_over(&Single, network, batches, done)
}

/// Evaluates with the other ranks of a group, each of which has its share of the batches. The evaluation is of all of them.
///
/// # Errors
/// The errors of [`evaluate`], whichever rank has one; and when the group fails.
pub fn evaluate_over(
    ranks: &dyn Collective,
    network: &dyn Network,
    batches: impl Iterator<Item = std::result::Result<Batch, data::Error>>,
    done: impl FnMut(usize),
) -> Result<Evaluation> {
    let logits = |images: &Tensor| {
        let images = images.to_device(network.params().device())?;
        Ok(network.run(&images, &Pass::Eval(Precision::F32))?.detach())
    };
    evaluate_logits_over(ranks, network.num_classes(), logits, batches, done)
}

/// Evaluates anything that computes logits `[N, classes]` from images `[N, C, H, W]`, such as an
/// [`Engine`](crate::infer::Engine).
///
/// # Errors
/// The errors of [`evaluate`].
pub fn evaluate_logits(
    classes: usize,
    logits: impl FnMut(&Tensor) -> candle_core::Result<Tensor>,
    batches: impl Iterator<Item = std::result::Result<Batch, data::Error>>,
    done: impl FnMut(usize),
) -> Result<Evaluation> {
    evaluate_logits_over(&Single, classes, logits, batches, done)
}

/// Evaluates what computes logits with the other ranks of a group, as [`evaluate_over`] does.
///
/// # Errors
/// The errors of [`evaluate_over`].
pub fn evaluate_logits_over(
    ranks: &dyn Collective,
    classes: usize,
    logits: impl FnMut(&Tensor) -> candle_core::Result<Tensor>,
    batches: impl Iterator<Item = std::result::Result<Batch, data::Error>>,
    done: impl FnMut(usize),
) -> Result<Evaluation> {
    let own = sums(classes, logits, batches, done);
    if ranks.size() == 1 {
        return own?.divided();
    }
    let message = match &own {
        Ok(own) => serde_json::to_vec(own).map_err(candle_core::Error::wrap)?,
        Err(_) => Vec::new(),
    };
    let all = together(ranks, own).and_then(|_| Ok(ranks.gather(message)?))?;
    let mut sums = Evaluation { classes: vec![ClassScore::default(); classes], ..Evaluation::default() };
    for of_rank in all {
        sums.add(serde_json::from_slice(&of_rank).map_err(candle_core::Error::wrap)?);
    }
    sums.divided()
}

/// An evaluation whose loss and accuracies are not divided by the number of images yet.
fn sums(
    classes: usize,
    mut logits: impl FnMut(&Tensor) -> candle_core::Result<Tensor>,
    batches: impl Iterator<Item = std::result::Result<Batch, data::Error>>,
    mut done: impl FnMut(usize),
) -> Result<Evaluation> {
    let mut found = Evaluation { classes: vec![ClassScore::default(); classes], ..Evaluation::default() };
    for batch in batches {
        let Batch { images, labels, samples, .. } = batch?;
        let logits = logits(&images)?;
        let rows = logits.to_vec2::<f32>()?;
        let is_finite = |row: &Vec<f32>| row.iter().all(|logit| logit.is_finite());
        if let Some((_, &sample)) = rows.iter().zip(&samples).find(|(row, _)| !is_finite(row)) {
            return Err(Error::NotFiniteOutput { sample });
        }
        let targets = smoothed(&labels, classes, 0.0)?.to_device(logits.device())?;
        let of_batch = f64::from(cross_entropy(&logits, &targets)?.to_scalar::<f32>()?);
        if !of_batch.is_finite() {
            // Two finite f32 logits may differ by more than f32 holds; the worst image has them.
            let losses = rows.iter().zip(&labels).map(|(row, &label)| cross_entropy_of(row, label as usize));
            let worst = losses.zip(&samples).max_by(|one, other| one.0.total_cmp(&other.0));
            return Err(Error::NotFiniteOutput { sample: worst.map_or(0, |(_, &sample)| sample) });
        }
        found.images += labels.len();
        found.loss += of_batch * labels.len() as f64;
        for ((row, &label), &sample) in rows.iter().zip(&labels).zip(&samples) {
            let likeliest = likeliest(row);
            let class = &mut found.classes[label as usize];
            class.images += 1;
            *found.confusion.0.entry((label, likeliest)).or_default() += 1;
            if rank(row, label as usize) < 5 {
                found.top5 += 1.0;
            }
            if likeliest == label {
                class.correct += 1;
                found.top1 += 1.0;
                found.right = Some(found.right.map_or(sample, |first| first.min(sample)));
            } else {
                let [loss, least] = [label, likeliest].map(|class| cross_entropy_of(row, class as usize));
                let probability = (-least).exp();
                Misclassified { sample, truth: label, found: likeliest, probability, loss }.enter(&mut found.worst);
            }
        }
        done(labels.len());
    }
    Ok(found)
}

impl Evaluation {
    /// Adds the sums of other images.
    fn add(&mut self, other: Self) {
        self.images += other.images;
        self.loss += other.loss;
        self.top1 += other.top1;
        self.top5 += other.top5;
        for (own, other) in self.classes.iter_mut().zip(other.classes) {
            own.images += other.images;
            own.correct += other.correct;
        }
        for (pair, count) in other.confusion.0 {
            *self.confusion.0.entry(pair).or_default() += count;
        }
        other.worst.into_iter().for_each(|image| image.enter(&mut self.worst));
        self.right = [self.right, other.right].into_iter().flatten().min();
    }

    /// Divides the sums by the number of images.
    fn divided(mut self) -> Result<Self> {
        if self.images == 0 {
            return Err(Error::Setting("there are no images to evaluate".to_owned()));
        }
        for sum in [&mut self.loss, &mut self.top1, &mut self.top5] {
            *sum /= self.images as f64;
        }
        Ok(self)
    }
}

/// Rank of `label`, from 0: classes with a larger logit, or with an equal one and a lower number, stand before it.
fn rank(row: &[f32], label: usize) -> usize {
    let own = row[label];
    row.iter().enumerate().filter(|&(class, logit)| *logit > own || (*logit == own && class < label)).count()
}

/// Cross entropy of `class`: minus the logarithm of its probability.
fn cross_entropy_of(row: &[f32], class: usize) -> f64 {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
    sum.ln() - f64::from(row[class] - largest)
}

/// The class of the largest logit; the first of equal ones.
fn likeliest(row: &[f32]) -> u32 {
    let first_largest = |best: usize, class: usize| if row[class] > row[best] { class } else { best };
    (0..row.len()).fold(0, first_largest) as u32
}
