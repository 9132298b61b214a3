//! A run's settings, data and network, and how far it has come.

use super::config::Config;
use super::run_folder::RunFolder;
use super::schedule::Schedule;
use super::stages::{Stage, stages};
use super::state::State;
use crate::data::Split;
use crate::network::Network;

/// A run's settings, data and network, and how far it has come.
pub struct Facts {
    /// The settings.
    pub config: Config,
    /// The run's folder.
    pub folder: RunFolder,
    /// The data set.
    pub split: Split,
    /// The network, as trained so far.
    pub network: Box<dyn Network>,
    /// The stages of progressive learning; a single one without it.
    pub stages: Vec<Stage>,
    /// The learning rate of every step.
    pub schedule: Schedule,
    /// How far the run has come.
    pub state: State,
    /// Command that trains this network, up to the settings, such as `effnet train --variant s`. Where it is unknown,
    /// the report names the network instead.
    pub command: Option<String>,
}

impl Facts {
    /// Derives stages and rates from the settings.
    pub(super) fn new(
        config: Config,
        folder: RunFolder,
        split: Split,
        network: Box<dyn Network>,
        state: State,
    ) -> Self {
        let stages = stages(&config);
        let schedule = Schedule::of(&config, &stages, split.train.len());
        Self { config, folder, split, network, stages, schedule, state, command: None }
    }

    /// Side in pixels of the training images of step `step`, counted from 0; the last stage's for steps beyond the run.
    #[cfg(feature = "report")]
    pub(super) fn size(&self, step: u64) -> usize {
        let mut until = 0;
        let is_before_end = |stage: &&Stage| {
            until += stage.epochs() * stage.steps(self.split.train.len());
            step < until
        };
        self.stages.iter().find(is_before_end).or(self.stages.last()).map_or(0, |stage| stage.size)
    }

    /// Number of steps left in the run after step `batch` of an epoch, in units of one step of its stage.
    pub(super) fn left(&self, stage: &Stage, batch: u64) -> f64 {
        let steps = |stage: &Stage| stage.steps(self.split.train.len());
        let pixels = |stage: &Stage| (stage.size * stage.size * stage.batch) as f64;
        let epochs = |later: &Stage| later.end.saturating_sub(later.begin.max(self.state.epoch + 1)) as f64;
        let later = self.stages.iter().map(|later| epochs(later) * (steps(later) as f64 * pixels(later))).sum::<f64>();
        (steps(stage) - batch.min(steps(stage))) as f64 + later / pixels(stage)
    }
}
