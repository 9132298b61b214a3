//! A run: epochs of steps, each followed by an evaluation and a checkpoint.

use std::time::Instant;

use super::checkpoint;
use super::config::Config;
use super::error::{Error, Result};
use super::evaluate::{Evaluation, evaluate};
use super::facts::{Facts, Plan};
use super::inputs::{batches, eval_loader, train_loader};
use super::metrics::{self, Metrics};
use super::optimizer::Optimizer;
use super::recorder::Recorder;
use super::run_folder::RunFolder;
use super::schedule::Schedule;
use super::state::{Position, State};
use super::step::{StepOptions, step};
use super::watch::{EpochDone, StepDone, Watcher};
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
    schedule: Schedule,
    state: State,
    recorder: Recorder,
    command: Option<String>,
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
    /// When the folder cannot be written to.
    pub fn begin(config: Config, folder: RunFolder, split: Split, network: Box<dyn Network>) -> Result<Self> {
        folder.write_config(&config)?;
        metrics::begin(&folder.metrics(), 0)?;
        let optimizer = config.optimizer();
        let state = State {
            optimizer: optimizer.name().to_owned(),
            train_images: split.train.len() as u64,
            ..State::default()
        };
        let schedule = config.schedule(config.epochs * batches(&config, split.train.len()));
        let recorder = Recorder::new(&folder, state.step);
        Ok(Self { config, folder, split, network, optimizer, schedule, state, recorder, command: None })
    }

    /// Goes on with the run in a folder, from its last checkpoint, or from the start if it did not get to one.
    ///
    /// # Errors
    /// When the checkpoint cannot be read, or is of another network or data set.
    pub fn resume(config: Config, folder: RunFolder, split: Split, network: Box<dyn Network>) -> Result<Self> {
        if !folder.last().exists() {
            return Self::begin(config, folder, split, network);
        }
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
        let mut trainer = Self::begin_at(config, folder, split, network, saved.state)?;
        checkpoint::restore(&file, &trainer.state, trainer.network.as_ref(), &mut trainer.optimizer)?;
        Ok(trainer)
    }

    fn begin_at(
        config: Config,
        folder: RunFolder,
        split: Split,
        network: Box<dyn Network>,
        state: State,
    ) -> Result<Self> {
        metrics::begin(&folder.metrics(), state.epoch)?;
        let optimizer = config.optimizer();
        let schedule = config.schedule(config.epochs * batches(&config, split.train.len()));
        let recorder = Recorder::new(&folder, state.step);
        Ok(Self { config, folder, split, network, optimizer, schedule, state, recorder, command: None })
    }

    /// Says what to type to train this network, up to the settings, such as `effnet train --variant s`: for the report.
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

    /// The rate of every step.
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

    /// Steps of an epoch.
    pub fn steps_an_epoch(&self) -> u64 {
        batches(&self.config, self.split.train.len())
    }

    /// Trains until all epochs are done or `stop` says so, which is asked after every step.
    ///
    /// # Errors
    /// When an image cannot be read, a loss is not finite, or the folder cannot be written to. The last checkpoint
    /// stands.
    pub fn run(&mut self, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Ended> {
        while !self.is_finished() {
            if self.epoch(watcher, stop)? == Ended::Stopped {
                return Ok(Ended::Stopped);
            }
        }
        Ok(Ended::Finished)
    }

    fn epoch(&mut self, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Ended> {
        let begun = Instant::now();
        if self.steps(watcher, stop)? == Ended::Stopped {
            return Ok(Ended::Stopped);
        }
        if self.state.position.images == 0 {
            return Err(Error::Setting("none of the training images could be read".to_owned()));
        }
        let Some(evaluation) = self.evaluate(watcher, stop)? else { return self.stopped() };
        let Position { images, loss_sum, .. } = self.state.position;
        self.state.epoch += 1;
        self.state.position = Position::default();
        let is_best = self.state.is_best(evaluation.top1);
        let metrics = Metrics {
            epoch: self.state.epoch,
            step: self.state.step,
            lr: self.schedule.rate(self.state.step.saturating_sub(1)),
            train_loss: loss_sum / images as f64,
            val_loss: evaluation.loss,
            val_top1: evaluation.top1,
            val_top5: evaluation.top5,
            seconds: begun.elapsed().as_secs_f64(),
        };
        // The row first: a run that is killed in between has a row too many, and not an epoch without one.
        metrics::append(&self.folder.metrics(), &metrics)?;
        self.record(&metrics, &evaluation)?;
        let checkpoint = self.folder.epoch(self.state.epoch);
        self.save(&checkpoint)?;
        self.folder.link(&checkpoint, &self.folder.last())?;
        if is_best {
            self.folder.link(&checkpoint, &self.folder.best())?;
        }
        self.folder.prune(self.config.checkpoints.keep)?;
        watcher.epoch(&EpochDone { epochs: self.config.epochs, metrics, evaluation: &evaluation, is_best });
        Ok(Ended::Finished)
    }

    /// The steps that are left of the epoch under way.
    fn steps(&mut self, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Ended> {
        let epoch = self.state.epoch;
        let options = StepOptions {
            seed: self.config.seed,
            label_smoothing: self.config.regularise.label_smoothing,
            dropout: self.config.regularise.dropout,
            drop_path_scale: self.config.regularise.drop_path_scale,
        };
        let first = self.state.position.batches;
        let mut loader = train_loader(&self.config, &self.split.train, self.network.as_ref(), epoch, first)?;
        for batch in &mut loader {
            let batch = batch?;
            let rate = self.schedule.rate(self.state.step);
            let network = self.network.as_ref();
            let outcome = step(network, &mut self.optimizer, &batch, &options, self.state.step, rate)?;
            self.state.step += 1;
            self.state.optimizer_steps = self.optimizer.memory().steps();
            let position = &mut self.state.position;
            position.batches = batch.number as u64 + 1;
            position.images += outcome.images as u64;
            position.loss_sum += outcome.loss * outcome.images as f64;
            let done = StepDone {
                epoch: epoch + 1,
                epochs: self.config.epochs,
                batch: position.batches,
                batches: batches(&self.config, self.split.train.len()),
                step: self.state.step,
                rate,
                outcome,
            };
            self.recorder.step(&done, self.config.size)?;
            watcher.step(&done);
            if stop() {
                return self.stopped();
            }
        }
        watcher.skipped(loader.skipped());
        Ok(Ended::Finished)
    }

    /// The evaluation after an epoch; none if it was asked to stop.
    fn evaluate(&self, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Option<Evaluation>> {
        let mut loader = eval_loader(&self.config, &self.split.val, self.network.as_ref())?;
        let batches = (&mut loader).take_while(|_| !stop());
        let evaluation = evaluate(self.network.as_ref(), batches, |images| watcher.evaluated(images));
        if stop() {
            return Ok(None);
        }
        watcher.skipped(loader.skipped());
        evaluation.map(Some)
    }

    /// Brings events and report up to the epoch that is done.
    fn record(&mut self, metrics: &Metrics, evaluation: &Evaluation) -> Result<()> {
        let Some(best) = self.state.best else { return Ok(()) };
        let (schedule, size) = (self.schedule, self.config.size);
        self.recorder.epoch(&Facts {
            folder: &self.folder,
            config: &self.config,
            command: self.command.as_deref(),
            network: self.network.as_ref(),
            split: &self.split,
            metrics,
            evaluation,
            best,
            plan: Plan { steps: schedule.steps, rate: &|step| schedule.rate(step), size: &|_| size },
        })
    }

    fn stopped(&self) -> Result<Ended> {
        self.save(&self.folder.last())?;
        Ok(Ended::Stopped)
    }

    fn save(&self, path: &std::path::Path) -> Result<()> {
        let labels = self.split.train.classes();
        checkpoint::save(path, self.network.as_ref(), &self.config.model, labels, &self.optimizer, &self.state)
    }
}
