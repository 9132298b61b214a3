//! Evaluation by training: accuracy on images that training never sees, and the time of a step on this machine.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use effnet_spec::Size;
use serde::{Deserialize, Serialize};

use super::clock::{Clock, Pacer, Time, Turnstile};
use super::error::{Error, Result};
use super::evaluator::{Evaluator, Job, Verdict};
use super::settings::Measure;
use super::space::{Limit, Limits};
use super::trial::Outcome;
use crate::candle_nn::VarBuilder;
use crate::data::Split;
use crate::train::checkpoint::save_weights;
use crate::train::{
    self, Config, Ended, Facts, RunFolder, Trainer, Watcher, build_network, check_batches, check_transforms, metrics,
};
use crate::weights::write_atomically;
use crate::{DynamicModel, Network};

/// Trains each network as a run of its own, in the folder `run` of its trial's folder, and leaves `weights.safetensors`
/// there for the best ones.
pub struct Training<'a> {
    /// The settings of every trial but for its name and its number of epochs.
    pub config: Config,
    /// The images to train on, and those to measure accuracy on: see [`hold_out`](crate::data::hold_out).
    pub split: Split,
    /// What measures times.
    pub clock: Box<dyn Clock + 'a>,
    /// What it measures.
    pub measure: Measure,
    /// The most that the time may be.
    pub limits: Limits,
    /// Where training waits while somebody measures.
    pub turnstile: Turnstile,
    /// Trials whose weights are kept.
    pub keep: usize,
    /// Follows each trial's training.
    pub watcher: Box<dyn Watcher + 'a>,
}

/// `time.json` of a trial's folder: a network's time is measured once.
#[derive(Serialize, Deserialize)]
struct Measured {
    /// The network's table.
    table: String,
    time: Time,
}

impl Measured {
    /// The time of this table in a trial's folder. A file that cannot be read is one that something else has written.
    fn read(folder: &Path, table: &str) -> Option<Time> {
        let found: Self = serde_json::from_slice(&fs::read(time_file(folder)).ok()?).ok()?;
        (found.table == table).then_some(found.time)
    }
}

impl Evaluator for Training<'_> {
    fn evaluate(&mut self, job: &Job<'_>, stop: &dyn Fn() -> bool) -> Result<Option<Verdict>> {
        let classes = self.split.train.classes().len();
        let Some(time) = self.time(job, stop)? else { return Ok(None) };
        let (limit, most) = match self.measure {
            Measure::Step => (Limit::StepMs, self.limits.step_ms),
            Measure::Inference => (Limit::InferMs, self.limits.infer_ms),
        };
        if let Some(Err(refusal)) = time.milliseconds.map(|time| limit.check(time, most)) {
            return Ok(Some(Verdict::Failed(refusal.to_string())));
        }
        let accuracy = match self.train(job, stop) {
            Ok(Some(accuracy)) => accuracy,
            Ok(None) => return Ok(None),
            Err(Error::Train(reason)) if is_its_own(&reason) => return Ok(Some(Verdict::Failed(reason.to_string()))),
            Err(error) => return Err(error),
        };
        let cost = job.spec.cost(Size::square(self.config.size), classes);
        let Time { ratio: time, milliseconds } = time;
        let outcome = Outcome { accuracy, time, milliseconds, params: cost.params, macs: cost.macs };
        Ok(Some(Verdict::Measured(outcome)))
    }

    /// Removes the checkpoints of trials that have ended, and the weights of all but the best.
    fn tidy(&mut self, ended: &[u64], best: &[u64], folder: &dyn Fn(u64) -> PathBuf) -> Result<()> {
        for number in ended {
            let folder = folder(*number);
            remove(&run_folder(&folder).join("checkpoints"), |path| fs::remove_dir_all(path))?;
            if best.iter().take(self.keep).all(|kept| kept != number) {
                remove(&weights(&folder), |path| fs::remove_file(path))?;
            }
        }
        Ok(())
    }
}

impl Training<'_> {
    fn time(&mut self, job: &Job<'_>, stop: &dyn Fn() -> bool) -> Result<Option<Time>> {
        let table = job.spec.to_string();
        let measured = [Some(job.folder), job.parent].into_iter().flatten();
        let time = match measured.into_iter().find_map(|folder| Measured::read(folder, &table)) {
            Some(time) => time,
            None => match self.clock.time(job.spec, stop)? {
                Some(time) => time,
                None => return Ok(None),
            },
        };
        let path = time_file(job.folder);
        let write = |file: &mut fs::File| Ok(serde_json::to_writer(file, &Measured { table, time })?);
        write_atomically(&path, write).map_err(Error::folder("write", &path))?;
        Ok(Some(time))
    }

    /// Trains, or goes on where a process was killed, and returns the accuracy after the last epoch.
    fn train(&mut self, job: &Job<'_>, stop: &dyn Fn() -> bool) -> Result<Option<f64>> {
        let (folder, spec) = (run_folder(job.folder), job.spec);
        let config = Config { model: spec.name.to_string(), epochs: job.epochs, ..self.config.clone() };
        let Split { train, val, val_fraction, ignored } = &self.split;
        let (train, val, ignored) = (train.clone(), val.clone(), ignored.clone());
        let split = Split { train, val, val_fraction: *val_fraction, ignored };
        let classes = split.train.classes().len();
        let build = |classes, vb: VarBuilder<'static>| {
            Ok(Box::new(DynamicModel::from_spec(spec, classes, vb)?) as Box<dyn Network>)
        };
        let network = build_network(&config, &build, spec, classes)?;
        check_transforms(&config, network.as_ref())?;
        check_batches(&config, network.as_ref(), split.train.len(), 1)?;
        let mut trainer = match RunFolder::open(&folder) {
            Ok(folder) => Trainer::resume(config, folder, split, network)?,
            Err(_) => {
                // A process was killed before it had written the settings.
                remove(&folder, |path| fs::remove_dir_all(path))?;
                Trainer::begin(config, RunFolder::create(Some(&folder), &spec.name)?, split, network)?
            }
        };
        let mut pacer = Pacer::new(self.watcher.as_mut(), &self.turnstile)?;
        let ended = trainer.run(&mut pacer, stop)?;
        pacer.finish()?;
        if ended == Ended::Stopped {
            return Ok(None);
        }
        let Facts { folder, network, config, split, .. } = trainer.facts();
        save_weights(&weights(job.folder), network.as_ref(), &config.model, split.train.classes())?;
        let missing = || Error::Setting(format!("`{}` has no row of an epoch", folder.metrics().display()));
        Ok(Some(metrics::last_top1(&folder.metrics())?.ok_or_else(missing)?))
    }
}

/// Whether an error says that this network does not learn, and not that nothing can be trained.
fn is_its_own(error: &train::Error) -> bool {
    use train::Error::{NotFinite, NotFiniteOutput, NotFiniteValidation};
    matches!(error, NotFinite { .. } | NotFiniteOutput { .. } | NotFiniteValidation { .. })
}

fn time_file(trial: &Path) -> PathBuf {
    trial.join("time.json")
}

/// The run of a trial.
fn run_folder(trial: &Path) -> PathBuf {
    trial.join("run")
}

/// The weights of a trial after its last epoch.
fn weights(trial: &Path) -> PathBuf {
    trial.join("weights.safetensors")
}

/// Removes what may be gone already, by another worker too.
fn remove(path: &Path, remove: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<()> {
    match remove(path) {
        Err(reason) if reason.kind() != ErrorKind::NotFound => Err(Error::folder("remove", path)(reason)),
        _ => Ok(()),
    }
}
