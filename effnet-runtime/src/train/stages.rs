//! Progressive learning: a run in stages of growing images and growing regularisation.
//!
//! Tan & Le, *EfficientNetV2*, section 4, with the numbers of automl's `main_tf2.py`: stage `s` of `n` begins with
//! epoch `int(s / n · epochs)` and has images of `int(base + (size - base) · (s + 1) / n)` pixels; RandAugment's
//! magnitude and the parameters of mixup and cutmix grow evenly from the first stage to the last. A single stage has
//! the settings' own values.

use serde::Serialize;

use super::config::{Config, PolicyKind};
use crate::data::{LastBatch, LoaderOptions};

/// Settings that a stage's epochs have in common.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stage {
    /// Its first epoch, from 0.
    pub begin: u64,
    /// The first epoch after it.
    pub end: u64,
    /// Side in pixels of a training image.
    pub size: usize,
    /// Images of a step.
    pub batch: usize,
    /// Parts that a step's images go through the network in.
    pub accumulate: usize,
    /// RandAugment's magnitude; without RandAugment it has no effect.
    pub magnitude: f64,
    /// Parameter of mixup's Beta distribution; 0 for no mixup.
    pub mixup: f64,
    /// Parameter of cutmix's Beta distribution; 0 for no cutmix.
    pub cutmix: f64,
    /// Probability of dropping a feature in front of the classifier.
    pub dropout: f64,
}

impl Stage {
    /// Number of epochs; 0 where a run has fewer epochs than stages.
    pub fn epochs(&self) -> u64 {
        self.end - self.begin
    }

    /// Images that go through the network at once.
    pub fn part(&self) -> usize {
        self.batch / self.accumulate
    }

    /// Steps of an epoch over `images` images. Images that do not fill a step are left out, unless there are no others.
    pub fn steps(&self, images: usize) -> u64 {
        LoaderOptions { last: LastBatch::Drop, ..LoaderOptions::new(self.batch) }.batches(images) as u64
    }
}

/// Batches that follow the size are multiples of this many images, so that mixup finds its pairs.
const BATCH_UNIT: usize = 2;

/// The stages of a run, in order; together they have all of its epochs.
pub fn stages(config: &Config) -> Vec<Stage> {
    let count = config.stages.count;
    let base = config.stages.base.unwrap_or(if config.size <= 128 { config.size / 2 } else { 128 }) as f64;
    let size = config.size as f64;
    // The order of operations is Python's: it decides which results are whole numbers.
    let begin = |stage: usize| (stage as f64 / count as f64 * config.epochs as f64) as u64;
    let stage = |at: usize| {
        let grown = (at + 1) as f64 / count as f64;
        // The way along the ramps: from 0 in the first stage to 1 in the last, and 1 in the only one.
        let along = if count == 1 { 1.0 } else { at as f64 / (count - 1) as f64 };
        let ramp = |from: f64, to: f64| if along == 1.0 { to } else { from + (to - from) * along };
        let size = ((base + (size - base) * grown) as usize).max(1);
        let accumulate = config.accumulate;
        let mut batch = config.batch;
        if config.stages.batch_follows_size {
            let pixels = (config.size * config.size) as f64 / (size * size) as f64;
            let unit = BATCH_UNIT * accumulate;
            batch = batch.max((batch as f64 * pixels) as usize / unit * unit);
        }
        let augment = &config.augment;
        let magnitude = match augment.policy {
            PolicyKind::RandAugment => ramp(config.stages.magnitude, augment.magnitude),
            PolicyKind::None | PolicyKind::AutoAugment => augment.magnitude,
        };
        let dropout = config.regularise.dropout;
        Stage {
            begin: begin(at),
            end: begin(at + 1),
            size,
            batch,
            accumulate,
            magnitude,
            mixup: ramp(0.0, augment.mixup),
            cutmix: ramp(0.0, augment.cutmix),
            dropout: ramp(dropout * config.stages.dropout, dropout),
        }
    };
    (0..count).map(stage).collect()
}

/// The stage of an epoch, counted from 0; the last stage for epochs beyond the run.
pub fn stage_of(stages: &[Stage], epoch: u64) -> Option<&Stage> {
    stages.iter().find(|stage| (stage.begin..stage.end).contains(&epoch)).or(stages.last())
}

/// The stages as a table for people: a line of headings, and a line per stage.
pub fn table(stages: &[Stage], config: &Config) -> Vec<String> {
    let (policy, level): (_, fn(&Stage) -> String) = match config.augment.policy {
        PolicyKind::None => ("policy", |_| "none".to_owned()),
        PolicyKind::RandAugment => ("RandAugment", |stage| number(stage.magnitude)),
        PolicyKind::AutoAugment => ("AutoAugment", |_| "v0".to_owned()),
    };
    let heading = ["stage", "epochs", "px", "batch", policy, "mixup", "cutmix", "dropout"].map(str::to_owned);
    let row = |(at, stage): (usize, &Stage)| {
        let [place, px, batch] = [at + 1, stage.size, stage.batch].map(|count| count.to_string());
        let [mixup, cutmix, dropout] = [stage.mixup, stage.cutmix, stage.dropout].map(number);
        [place, format!("{}–{}", stage.begin + 1, stage.end), px, batch, level(stage), mixup, cutmix, dropout]
    };
    let rows = stages.iter().enumerate().filter(|(_, stage)| stage.epochs() > 0).map(row);
    let line = |[stage, epochs, px, batch, policy, mixup, cutmix, dropout]: [String; 8]| {
        format!("{stage:>5}  {epochs:>11}  {px:>5}  {batch:>5}  {policy:>11}  {mixup:>5}  {cutmix:>6}  {dropout:>7}")
    };
    std::iter::once(heading).chain(rows).map(line).collect()
}

/// Rounds to three decimals and drops trailing zeros.
fn number(value: f64) -> String {
    ((value * 1000.0).round() / 1000.0).to_string()
}
