//! Reports of a run while it is under way.

use super::evaluate::Evaluation;
use super::metrics::Metrics;
use super::step::StepOutcome;
use crate::data::BadFile;

/// Follows a run: a progress bar, a log, a test. Every method has an empty default.
pub trait Watcher {
    /// A step is done.
    fn step(&mut self, _step: &StepDone) {}

    /// `images` more images are evaluated.
    fn evaluated(&mut self, _images: usize) {}

    /// An epoch is done, evaluated and saved.
    fn epoch(&mut self, _epoch: &EpochDone<'_>) {}

    /// These files were left out in a pass over the training or validation images.
    fn skipped(&mut self, _files: &[BadFile]) {}

    /// Training images that were left out in an epoch: after bad files were skipped, each stood alone in its part, and
    /// batch normalisation learns nothing from a single image.
    fn alone(&mut self, _images: &[String]) {}
}

/// Follows nothing.
impl Watcher for () {}

/// A step that is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepDone {
    /// The epoch, from 1.
    pub epoch: u64,
    /// Epochs of the run.
    pub epochs: u64,
    /// The step's place in the epoch, from 1.
    pub batch: u64,
    /// Steps of the epoch.
    pub batches: u64,
    /// Steps since the run began.
    pub step: u64,
    /// Steps left in the run, in units of a step like this one.
    pub left: f64,
    /// Side in pixels of the images.
    pub size: usize,
    /// Learning rate.
    pub rate: f64,
    /// Its loss and accuracy.
    pub outcome: StepOutcome,
}

/// An epoch that is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochDone<'a> {
    /// Epochs of the run.
    pub epochs: u64,
    /// Its row in `metrics.csv`.
    pub metrics: Metrics,
    /// Its evaluation.
    pub evaluation: &'a Evaluation,
    /// Evaluation of the averaged weights, where there are any.
    pub averaged: Option<&'a Evaluation>,
    /// Whether it is better than every epoch before.
    pub is_best: bool,
}
