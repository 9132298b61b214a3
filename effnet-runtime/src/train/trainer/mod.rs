//! A run: epochs of steps, each followed by an evaluation and a checkpoint.

mod epoch;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::checkpoint::{self, Contents, Saved};
use super::class_weights::class_weights;
use super::config::Config;
use super::ema::Ema;
use super::error::{Error, Result};
use super::facts::Facts;
use super::metrics;
use super::optimizer::{DepthDecay, Optimizer};
use super::ranks::agree;
#[cfg(feature = "report")]
use super::recorder::Recorder;
use super::run_folder::RunFolder;
use super::single::check_batches;
use super::state::State;
use super::watch::Watcher;
use crate::collective::{Collective, Single, together};
use crate::data::{Share, Split};
use crate::network::Network;
use crate::weights::WeightsFile;

/// A run under way.
///
/// Over several ranks, each has one; all but rank 0 write nothing. Every method is called on all of them.
pub struct Trainer {
    pub(super) facts: Facts,
    ranks: Arc<dyn Collective>,
    pub(super) optimizer: Optimizer,
    pub(super) ema: Option<Ema>,
    class_weights: Option<Vec<f32>>,
    /// Time of the last write of `last.safetensors`.
    saved: Instant,
    #[cfg(feature = "report")]
    recorder: Recorder,
    /// Locked for as long as it is open; rank 0's.
    _lock: Option<File>,
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
        Self::begin_over(Arc::new(Single), config, folder, split, network)
    }

    /// Begins a run over several ranks. The folder is rank 0's: others need not see it.
    ///
    /// # Errors
    /// The errors of [`Self::begin`]; when ranks have different programs, settings, data or weights; when the group fails.
    pub fn begin_over(
        ranks: Arc<dyn Collective>,
        config: Config,
        folder: RunFolder,
        split: Split,
        network: Box<dyn Network>,
    ) -> Result<Self> {
        let lock = locked(ranks.as_ref(), &folder, || folder.write_config(&config))?;
        let (optimizer, train_images) = (config.optimizer().name().to_owned(), split.train.len() as u64);
        let state = State { optimizer, train_images, ..State::default() };
        let trainer = Self::of(ranks, Facts::new(config, folder, split, network, state), lock)?;
        agree(trainer.ranks.as_ref(), &trainer.facts)?;
        Ok(trainer)
    }

    /// Resumes the run in a folder from its last checkpoint, or from the start where there is none.
    ///
    /// # Errors
    /// When the checkpoint cannot be read, belongs to another network or data set, or another process has the folder.
    pub fn resume(config: Config, folder: RunFolder, split: Split, network: Box<dyn Network>) -> Result<Self> {
        Self::resume_over(Arc::new(Single), config, folder, split, network)
    }

    /// Resumes a run over several ranks, as many as it had before or others. All ranks read the checkpoint.
    ///
    /// # Errors
    /// The errors of [`Self::resume`] and [`Self::begin_over`].
    pub fn resume_over(
        ranks: Arc<dyn Collective>,
        config: Config,
        folder: RunFolder,
        split: Split,
        network: Box<dyn Network>,
    ) -> Result<Self> {
        // All ranks go by what rank 0 sees.
        let is_there = ranks.broadcast(vec![u8::from(folder.last().exists())])? == [1];
        if !is_there {
            return Self::begin_over(ranks, config, folder, split, network);
        }
        let lock = locked(ranks.as_ref(), &folder, || folder.remove_leftovers())?;
        let trainer = Self::restored(Arc::clone(&ranks), config, folder, split, network, lock);
        let trainer = together(ranks.as_ref(), trainer)?;
        agree(ranks.as_ref(), &trainer.facts)?;
        Ok(trainer)
    }

    fn restored(
        ranks: Arc<dyn Collective>,
        config: Config,
        folder: RunFolder,
        split: Split,
        network: Box<dyn Network>,
        lock: Option<File>,
    ) -> Result<Self> {
        let file = WeightsFile::open(folder.last())?;
        let Saved { metadata, state } = checkpoint::read(&file)?;
        let (images, classes) = (split.train.len(), split.train.classes());
        let other = |what| Err(Error::OtherData { folder: folder.path().to_path_buf(), what });
        if metadata.labels != classes {
            return other(format!("it has other classes ({} now, {} then)", classes.len(), metadata.labels.len()));
        }
        if state.train_images != images as u64 {
            return other(format!("it has {images} training images now, and had {} then", state.train_images));
        }
        let mut trainer = Self::of(ranks, Facts::new(config, folder, split, network, state), lock)?;
        let Facts { network, state, config, .. } = &trainer.facts;
        trainer.ema = checkpoint::restore(&file, state, network.as_ref(), &mut trainer.optimizer, config.ema.decay)?;
        Ok(trainer)
    }

    fn of(ranks: Arc<dyn Collective>, facts: Facts, lock: Option<File>) -> Result<Self> {
        let Facts { config, folder, split, network, state, .. } = &facts;
        check_batches(config, network.as_ref(), split.train.len(), ranks.size())?;
        if ranks.rank() == 0 {
            metrics::begin(&folder.metrics(), state.epoch)?;
        }
        let decay = config.ema.decay;
        let ema = (decay > 0.0).then(|| Ema::new(decay, network.params())).transpose()?;
        let depth = DepthDecay { factor: config.optimizer.layer_decay, blocks: network.spec().num_blocks() };
        let class_weights = class_weights(&config.regularise.class_weights, split.train.as_ref())?;
        Ok(Self {
            optimizer: config.optimizer().by_depth(depth),
            #[cfg(feature = "report")]
            recorder: Recorder::new(folder, state.step),
            ranks,
            facts,
            ema,
            class_weights,
            saved: Instant::now(),
            _lock: lock,
        })
    }

    /// Sets the command that trains this network, up to the settings, such as `effnet train --variant s`: the report
    /// shows it.
    #[must_use]
    pub fn with_command(mut self, command: impl Into<String>) -> Self {
        self.facts.command = Some(command.into());
        self
    }

    /// The run's settings, data and network, and how far it has come.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Whether all epochs are done.
    pub fn is_finished(&self) -> bool {
        self.facts.state.epoch >= self.facts.config.epochs
    }

    /// Trains until all epochs are done, or until `stop`, called after every step, returns true on any rank.
    ///
    /// # Errors
    /// When an image cannot be read, a loss is not finite, or the folder cannot be written to. The last checkpoint
    /// stays.
    pub fn run(&mut self, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Ended> {
        let ended = self.epochs(watcher, stop);
        if let Err(error) = &ended {
            // The other ranks wait for this one; after a failure of all, nobody does.
            self.ranks.abort(&error.to_string());
        }
        ended
    }

    fn epochs(&mut self, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Ended> {
        while !self.is_finished() {
            if self.epoch(watcher, stop)? == Ended::Stopped {
                self.writing(|trainer| trainer.save(&trainer.facts.folder.last()))?;
                return Ok(Ended::Stopped);
            }
        }
        Ok(Ended::Finished)
    }

    /// Whether this rank writes the run's folder.
    fn is_writer(&self) -> bool {
        self.ranks.rank() == 0
    }

    /// Lets rank 0 write, and waits until it has: a launcher ends all ranks soon after the first that ends.
    fn writing(&mut self, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let written = if self.is_writer() { write(self) } else { Ok(()) };
        together(self.ranks.as_ref(), written)
    }

    /// Its part of every batch.
    fn share(&self) -> Share {
        Share::new(self.ranks.rank(), self.ranks.size())
    }

    /// Writes a checkpoint of the run as it stands.
    fn save(&self, path: &Path) -> Result<()> {
        let Facts { config, split, network, state, .. } = &self.facts;
        let (network, name, labels) = (network.as_ref(), &config.model, split.train.classes());
        let (optimizer, ema) = (&self.optimizer, self.ema.as_ref());
        checkpoint::save(path, &Contents { network, name, labels, optimizer, ema, state })
    }
}

/// Lets rank 0 lock the folder and prepare it, and waits until it has.
fn locked(ranks: &dyn Collective, folder: &RunFolder, prepare: impl FnOnce() -> Result<()>) -> Result<Option<File>> {
    let lock = || {
        let lock = folder.lock()?;
        prepare()?;
        Ok(lock)
    };
    together(ranks, (ranks.rank() == 0).then(lock).transpose())
}
