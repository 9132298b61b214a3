//! A run: epochs of steps, each followed by an evaluation and a checkpoint.

mod epoch;

use std::time::Instant;

use super::checkpoint::{self, Contents};
use super::class_weights::class_weights;
use super::config::Config;
use super::ema::Ema;
use super::error::{Error, Result};
use super::lock::Lock;
use super::metrics;
use super::optimizer::Optimizer;
use super::recorder::Recorder;
use super::run_folder::RunFolder;
use super::schedule::Schedule;
use super::single::check_batches;
use super::stages::{Stage, stage_of, stages};
use super::state::State;
use super::watch::Watcher;
use crate::data::Split;
use crate::network::Network;
use crate::weights::WeightsFile;

/// A run under way.
pub struct Trainer {
    config: Config,
    folder: RunFolder,
    split: Split,
    network: Box<dyn Network>,
    optimizer: Optimizer,
    ema: Option<Ema>,
    class_weights: Option<Vec<f32>>,
    stages: Vec<Stage>,
    schedule: Schedule,
    state: State,
    /// Time of the last write of `last.safetensors`.
    saved: Instant,
    recorder: Recorder,
    command: Option<String>,
    _lock: Lock,
}

/// How [`Trainer::run`] came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All epochs are done.
    Finished,
    /// It was asked to stop, and has written `last.safetensors`.
    Stopped,
}

impl Trainer {
    /// Begins a run in an empty folder: writes the settings and an empty table of metrics.
    ///
    /// # Errors
    /// When the folder cannot be written to, or another process has it.
    pub fn begin(config: Config, folder: RunFolder, split: Split, network: Box<dyn Network>) -> Result<Self> {
        let lock = Lock::take(&folder)?;
        folder.write_config(&config)?;
        Self::of(config, folder, split, network, State::default(), lock)
    }

    /// Resumes the run in a folder from its last checkpoint, or from the start where there is none.
    ///
    /// # Errors
    /// When the checkpoint cannot be read, belongs to another network or data set, or another process has the folder.
    pub fn resume(config: Config, folder: RunFolder, split: Split, network: Box<dyn Network>) -> Result<Self> {
        if !folder.last().exists() {
            return Self::begin(config, folder, split, network);
        }
        let lock = Lock::take(&folder)?;
        folder.remove_leftovers()?;
        let file = WeightsFile::open(folder.last())?;
        let saved = checkpoint::read(&file)?;
        let other = |what: String| Error::OtherData { folder: folder.path().to_path_buf(), what };
        if saved.metadata.labels != split.train.classes() {
            return Err(other(format!(
                "it has other classes ({} now, {} then)",
                split.train.classes().len(),
                saved.metadata.labels.len()
            )));
        }
        if saved.state.train_images != split.train.len() as u64 {
            let (now, then) = (split.train.len(), saved.state.train_images);
            return Err(other(format!("it has {now} training images now, and had {then} then")));
        }
        let mut trainer = Self::of(config, folder, split, network, saved.state, lock)?;
        let network = trainer.network.as_ref();
        trainer.ema =
            checkpoint::restore(&file, &trainer.state, network, &mut trainer.optimizer, trainer.config.ema.decay)?;
        Ok(trainer)
    }

    fn of(
        config: Config,
        folder: RunFolder,
        split: Split,
        network: Box<dyn Network>,
        state: State,
        lock: Lock,
    ) -> Result<Self> {
        check_batches(&config, network.as_ref(), split.train.len())?;
        metrics::begin(&folder.metrics(), state.epoch)?;
        let optimizer = config.optimizer();
        let train_images = split.train.len() as u64;
        let state = State { optimizer: optimizer.name().to_owned(), train_images, ..state };
        let ema = match config.ema.decay {
            0.0 => None,
            decay => Some(Ema::new(decay, network.params())?),
        };
        let class_weights = class_weights(&config.regularise.class_weights, split.train.as_ref())?;
        let stages = stages(&config);
        let schedule = Schedule::of(&config, &stages, split.train.len());
        let (saved, recorder) = (Instant::now(), Recorder::new(&folder, state.step));
        Ok(Self {
            config,
            folder,
            split,
            network,
            optimizer,
            ema,
            class_weights,
            stages,
            schedule,
            state,
            saved,
            recorder,
            command: None,
            _lock: lock,
        })
    }

    /// Sets the command that trains this network, up to the settings, such as `effnet train --variant s`: the report
    /// shows it.
    #[must_use]
    pub fn with_command(self, command: impl Into<String>) -> Self {
        Self { command: Some(command.into()), ..self }
    }

    /// The run's settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The run's folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The network, as trained so far.
    pub fn network(&self) -> &dyn Network {
        self.network.as_ref()
    }

    /// The data set.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// The optimizer, with its memory.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// The moving average of the weights, where the settings ask for one.
    pub fn ema(&self) -> Option<&Ema> {
        self.ema.as_ref()
    }

    /// The stages of progressive learning; a single one without it.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The learning rate of every step.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// How far the run has come.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether all epochs are done.
    pub fn is_finished(&self) -> bool {
        self.state.epoch >= self.config.epochs
    }

    /// The stage of the epoch under way.
    fn stage(&self) -> Stage {
        // `stages` returns at least one.
        stage_of(&self.stages, self.state.epoch).copied().unwrap_or_else(|| unreachable!("a run has a stage"))
    }

    /// Trains until all epochs are done, or until `stop`, called after every step, returns true.
    ///
    /// # Errors
    /// When an image cannot be read, a loss is not finite, or the folder cannot be written to. The last checkpoint
    /// stays.
    pub fn run(&mut self, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Ended> {
        while !self.is_finished() {
            if self.epoch(watcher, stop)? == Ended::Stopped {
                return Ok(Ended::Stopped);
            }
        }
        Ok(Ended::Finished)
    }

    /// Writes a checkpoint of the run as it stands.
    fn save(&self, path: &std::path::Path) -> Result<()> {
        checkpoint::save(
            path,
            &Contents {
                network: self.network.as_ref(),
                name: &self.config.model,
                labels: self.split.train.classes(),
                optimizer: &self.optimizer,
                ema: self.ema.as_ref(),
                state: &self.state,
            },
        )
    }
}
