//! What a run tells of itself while it is under way.

use super::evaluate::Evaluation;
use super::metrics::Metrics;
use super::step::StepOutcome;
use crate::data::Skipped;

/// Somebody who follows a run: a progress bar, a log, a test. Every method may be left out.
pub trait Watcher {
    /// A step is done.
    fn step(&mut self, _step: &StepDone) {}

    /// So many more images are evaluated.
    fn evaluated(&mut self, _images: usize) {}

    /// An epoch is done, evaluated and saved.
    fn epoch(&mut self, _epoch: &EpochDone<'_>) {}

    /// These files were left out in a pass over the training or validation images.
    fn skipped(&mut self, _files: &[Skipped]) {}

    /// These training images were left out in an epoch: bad files beside them left each one alone, where batch
    /// normalisation learns nothing from a single image.
    fn alone(&mut self, _images: &[String]) {}
}

/// Nobody.
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
    /// Steps that are left of the run, counted in the work of one like this.
    pub left: f64,
    /// Side in pixels of the images.
    pub size: usize,
    /// Learning rate.
    pub rate: f64,
    /// What it found.
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
    /// That of the averaged weights, where there are any.
    pub averaged: Option<&'a Evaluation>,
    /// Whether no epoch before was as good.
    pub is_best: bool,
}
