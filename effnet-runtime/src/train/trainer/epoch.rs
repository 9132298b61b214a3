//! One epoch of a run.

use std::time::{Duration, Instant};

use effnet_spec::Size;

use super::super::error::{Error, Result};
use super::super::evaluate::{Evaluation, evaluate};
use super::super::facts::Facts;
use super::super::inputs::{eval_image, eval_loader, train_loader};
use super::super::metrics::{self, EmaMetrics, Metrics};
use super::super::single::is_too_little;
use super::super::stages::{Stage, stage_of};
use super::super::state::Position;
use super::super::step::{StepOptions, step};
use super::super::upload::with_uploaded;
use super::super::watch::{EpochDone, StepDone, Watcher};
use super::super::{checkpoint, finite};
use super::{Ended, Trainer};
use crate::data::Batch;

impl Trainer {
    /// Runs the rest of the current epoch, its evaluation and its checkpoint.
    pub(super) fn epoch(&mut self, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Ended> {
        let begun = Instant::now();
        // `stages` returns at least one.
        let stage = stage_of(&self.facts.stages, self.facts.state.epoch).copied();
        let stage = stage.unwrap_or_else(|| unreachable!("a run has a stage"));
        if self.steps(&stage, watcher, stop)? == Ended::Stopped {
            return Ok(Ended::Stopped);
        }
        let Position { images, loss_sum, .. } = self.facts.state.position;
        if images == 0 {
            return Err(Error::Setting("none of the training images could be used".to_owned()));
        }
        let Some(own) = self.evaluate("", watcher, stop)? else { return Ok(Ended::Stopped) };
        let averaged = match self.averaged(|trainer| trainer.evaluate(" of the averaged weights", watcher, stop))? {
            Some(None) => return Ok(Ended::Stopped),
            averaged => averaged.flatten(),
        };
        let better = averaged.as_ref().filter(|averaged| averaged.top1 > own.top1);
        let state = &mut self.facts.state;
        state.epoch += 1;
        state.position = Position::default();
        let is_best = state.is_best(better.unwrap_or(&own), better.is_some());
        let metrics = Metrics {
            epoch: state.epoch,
            step: state.step,
            lr: self.facts.schedule.rate(state.step.saturating_sub(1)),
            size: stage.size,
            train_loss: loss_sum / images as f64,
            val_loss: own.loss,
            val_top1: own.top1,
            val_top5: own.top5,
            ema: averaged.as_ref().map(|&Evaluation { loss, top1, top5, .. }| EmaMetrics { loss, top1, top5 }),
            seconds: begun.elapsed().as_secs_f64(),
        };
        // Write the row before the checkpoint: a run killed in between then has a row too many, which `metrics::begin`
        // removes, and never an epoch without a row.
        metrics::append(&self.facts.folder.metrics(), &metrics)?;
        #[cfg(feature = "report")]
        self.recorder.epoch(&self.facts, &metrics, better.unwrap_or(&own))?;
        let (checkpoint, best) = (self.facts.folder.epoch(metrics.epoch), self.facts.folder.best());
        self.save(&checkpoint)?;
        self.facts.folder.link(&checkpoint, &self.facts.folder.last())?;
        self.saved = Instant::now();
        if is_best && better.is_some() {
            self.averaged(|Self { facts: Facts { network, config, split, .. }, .. }| {
                checkpoint::save_weights(&best, network.as_ref(), &config.model, split.train.classes())
            })?;
        } else if is_best {
            self.facts.folder.link(&checkpoint, &best)?;
        }
        let Facts { config, folder, .. } = &self.facts;
        folder.prune(config.checkpoints.keep)?;
        let (evaluation, averaged) = (&own, averaged.as_ref());
        watcher.epoch(&EpochDone { epochs: config.epochs, metrics, evaluation, averaged, is_best });
        Ok(Ended::Finished)
    }

    /// Does `work` while the network has the averaged weights. None if there are no such weights.
    fn averaged<R>(&mut self, work: impl FnOnce(&Self) -> Result<R>) -> Result<Option<R>> {
        let Some(mut ema) = self.ema.take() else { return Ok(None) };
        ema.swap(self.facts.network.params())?;
        let done = work(self);
        ema.swap(self.facts.network.params())?;
        self.ema = Some(ema);
        done.map(Some)
    }

    /// Takes the rest of the current epoch's steps, each over one part of images or several.
    fn steps(&mut self, stage: &Stage, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Ended> {
        let Facts { config, split, network, state, .. } = &self.facts;
        let (network, first) = (network.as_ref(), state.position.batches);
        let mut loader = train_loader(config, stage, &split.train, network, state.epoch, first)?;
        let device = network.params().device().clone();
        let is_too_little = is_too_little(network, Size::square(stage.size));
        let mut alone = Vec::new();
        let ended: Result<Ended> = with_uploaded(&mut loader, &device, |parts| {
            let parts = parts.filter(|part| match part {
                Ok(Batch { samples, .. }) if is_too_little && samples.len() == 1 => {
                    alone.push(samples[0]);
                    false
                }
                _ => true,
            });
            let mut parts = parts.peekable();
            let mut of_step: Vec<Batch> = Vec::with_capacity(stage.accumulate);
            while let Some(part) = parts.next() {
                let part = part?;
                let number = part.number;
                of_step.push(part);
                // A part whose files were all left out never arrives, so the next part's number ends the step instead.
                let is_of_step = |next: &Batch| next.number / stage.accumulate == number / stage.accumulate;
                let is_last = (number + 1).is_multiple_of(stage.accumulate);
                if !is_last && parts.peek().is_some_and(|next| next.as_ref().map_or(true, is_of_step)) {
                    continue;
                }
                self.step(stage, &std::mem::take(&mut of_step), watcher)?;
                if stop() {
                    return Ok(Ended::Stopped);
                }
            }
            Ok(Ended::Finished)
        });
        if matches!(ended, Ok(Ended::Finished)) {
            watcher.skipped(loader.skipped());
            let names = alone.into_iter().map(|sample| self.facts.split.train.name(sample as usize));
            watcher.alone(&names.collect::<Vec<_>>());
        }
        ended
    }

    fn step(&mut self, stage: &Stage, parts: &[Batch], watcher: &mut dyn Watcher) -> Result<()> {
        let Facts { config, split, network, schedule, state, .. } = &mut self.facts;
        let options = StepOptions {
            seed: config.seed,
            label_smoothing: config.regularise.label_smoothing,
            class_weights: self.class_weights.as_deref(),
            dropout: stage.dropout,
            drop_path_scale: config.regularise.drop_path_scale,
            precision: config.precision,
        };
        let rate = schedule.rate(state.step);
        let outcome = step(network.as_ref(), &mut self.optimizer, parts, &options, state.step, rate)?;
        if let Some(ema) = &mut self.ema {
            ema.update(network.params())?;
        }
        state.step += 1;
        state.optimizer_steps = self.optimizer.memory().steps();
        state.ema_updates = self.ema.as_ref().map(super::Ema::updates);
        state.position.batches = parts.last().map_or(0, |part| part.number as u64 + 1);
        state.position.images += outcome.images as u64;
        state.position.loss_sum += outcome.loss * outcome.images as f64;
        let batch = state.position.batches.div_ceil(stage.accumulate as u64);
        let done = StepDone {
            epoch: state.epoch + 1,
            epochs: config.epochs,
            batch,
            batches: stage.steps(split.train.len()),
            step: state.step,
            left: self.facts.left(stage, batch),
            size: stage.size,
            rate,
            outcome,
        };
        #[cfg(feature = "report")]
        self.recorder.step(&done)?;
        watcher.step(&done);
        let kept = &self.facts.config.checkpoints;
        let is_due = kept.steps > 0 && done.step.is_multiple_of(kept.steps)
            || kept.minutes > 0.0 && self.saved.elapsed() >= Duration::from_secs_f64(60.0 * kept.minutes);
        if is_due {
            self.save(&self.facts.folder.last())?;
            self.saved = Instant::now();
        }
        Ok(())
    }

    /// Evaluates the network as it stands; an error names `whose` weights. None if the run was asked to stop.
    fn evaluate(&self, whose: &str, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Option<Evaluation>> {
        let Facts { config, split, network, .. } = &self.facts;
        let network = network.as_ref();
        // A weight that is not finite can leave the logits finite, but the file with it could not be loaded again.
        if let Some(name) = finite::parameter(network)? {
            return Err(self.not_finite(whose, &format!("`{name}`")));
        }
        let mut loader = eval_loader(config, &split.val, network)?;
        let evaluation = with_uploaded(&mut loader, network.params().device(), |batches| {
            evaluate(network, batches.take_while(|_| !stop()), |images| watcher.evaluated(images))
        });
        if stop() {
            return Ok(None);
        }
        watcher.skipped(loader.skipped());
        match evaluation {
            Err(Error::NotFiniteOutput { sample }) => {
                let image = eval_image(config, split.val.as_ref(), network, sample as usize)?;
                let cause = finite::of_image(network, &image, &split.val.name(sample as usize))?;
                Err(self.not_finite(whose, &cause))
            }
            evaluation => evaluation.map(Some),
        }
    }

    /// The error of a validation in which `cause` is not finite. It precedes the epoch's row and checkpoint: neither is
    /// written, and no epoch becomes the best.
    fn not_finite(&self, whose: &str, cause: &str) -> Error {
        Error::NotFiniteValidation {
            epoch: self.facts.state.epoch + 1,
            what: format!("the validation{whose} is not finite, as {cause} is not"),
            best: Some(self.facts.folder.best()).filter(|best| best.exists()),
        }
    }
}
