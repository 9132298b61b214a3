//! One epoch of a run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use effnet_spec::Size;

use super::super::config::StatisticsKind;
use super::super::error::{Error, Result};
use super::super::evaluate::{Evaluation, evaluate_over};
use super::super::facts::Facts;
use super::super::inputs::{eval_image, eval_loader, train_loader};
use super::super::metrics::{self, EmaMetrics, Metrics};
use super::super::ranks::{agree_on_weights, any, bad_files, names as names_of_all};
use super::super::single::is_too_little;
use super::super::stages::{Stage, stage_of};
use super::super::state::Position;
use super::super::step::{StepOptions, step_over};
use super::super::upload::with_uploaded;
use super::super::watch::{EpochDone, StepDone, Watcher};
use super::super::{checkpoint, finite};
use super::{Ended, Trainer};
use crate::data::{Batch, Loader};

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
        agree_on_weights(self.ranks.as_ref(), self.facts.network.as_ref())?;
        self.writing(|trainer| {
            // Write the row before the checkpoint: a run killed in between then has a row too many, which
            // `metrics::begin` removes, and never an epoch without a row.
            metrics::append(&trainer.facts.folder.metrics(), &metrics)?;
            #[cfg(feature = "report")]
            trainer.recorder.epoch(&trainer.facts, &metrics, better.unwrap_or(&own))?;
            trainer.write_checkpoints(is_best, better.is_some())
        })?;
        let (evaluation, averaged, epochs) = (&own, averaged.as_ref(), self.facts.config.epochs);
        watcher.epoch(&EpochDone { epochs, metrics, evaluation, averaged, is_best });
        Ok(Ended::Finished)
    }

    /// Writes the checkpoint of the epoch just done, which is the best so far or not, by its averaged weights or its own.
    fn write_checkpoints(&mut self, is_best: bool, is_averaged: bool) -> Result<()> {
        let (checkpoint, best) = (self.facts.folder.epoch(self.facts.state.epoch), self.facts.folder.best());
        self.save(&checkpoint)?;
        self.facts.folder.link(&checkpoint, &self.facts.folder.last())?;
        self.saved = Instant::now();
        if is_best && is_averaged {
            self.averaged(|Self { facts: Facts { network, config, split, .. }, .. }| {
                checkpoint::save_weights(&best, network.as_ref(), &config.model, split.train.classes())
            })?;
        } else if is_best {
            self.facts.folder.link(&checkpoint, &best)?;
        }
        self.facts.folder.prune(self.facts.config.checkpoints.keep)
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
        let mut loader = train_loader(config, stage, &split.train, network, state.epoch, first, self.share())?;
        let device = network.params().device().clone();
        let takes_statistics = config.regularise.statistics != StatisticsKind::Running;
        let is_too_little = takes_statistics && is_too_little(network, Size::square(stage.size));
        let steps = first / stage.accumulate as u64..stage.steps(split.train.len());
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
            for number in steps {
                let mut of_step: Vec<Batch> = Vec::with_capacity(stage.accumulate);
                // A part whose files were all left out never arrives, so the next part's number ends the step instead.
                let is_of_step = |part: &Batch| (part.number / stage.accumulate) as u64 == number;
                while let Some(part) = parts.next_if(|part| part.as_ref().map_or(true, is_of_step)) {
                    of_step.push(part?);
                }
                self.step(stage, number, &of_step, watcher)?;
                if any(self.ranks.as_ref(), stop())? {
                    return Ok(Ended::Stopped);
                }
            }
            Ok(Ended::Finished)
        });
        if matches!(ended, Ok(Ended::Finished)) {
            self.report_skipped(&loader, watcher)?;
            let names = alone.into_iter().map(|sample| self.facts.split.train.name(sample as usize));
            watcher.alone(&names_of_all(self.ranks.as_ref(), names.collect())?);
        }
        ended
    }

    /// Reports the files that any rank has left out.
    fn report_skipped(&self, loader: &Loader, watcher: &mut dyn Watcher) -> Result<()> {
        if self.ranks.size() == 1 {
            watcher.skipped(loader.skipped());
        } else {
            watcher.skipped(&bad_files(self.ranks.as_ref(), loader.skipped())?);
        }
        Ok(())
    }

    /// Takes the step `number` of the epoch, unless none of its images is left.
    fn step(&mut self, stage: &Stage, number: u64, parts: &[Batch], watcher: &mut dyn Watcher) -> Result<()> {
        let Facts { config, split, network, schedule, state, .. } = &mut self.facts;
        let statistics = config.regularise.statistics.over(Arc::clone(&self.ranks));
        let options = StepOptions {
            seed: config.seed,
            label_smoothing: config.regularise.label_smoothing,
            class_weights: self.class_weights.as_deref(),
            dropout: stage.dropout,
            drop_path_scale: config.regularise.drop_path_scale,
            precision: config.precision,
            statistics: &statistics,
        };
        let rate = schedule.rate(state.step);
        let (ranks, network) = (&self.ranks, network.as_ref());
        let outcome = step_over(ranks, network, &mut self.optimizer, parts, &options, state.step, rate)?;
        if outcome.images == 0 {
            return Ok(());
        }
        if let Some(ema) = &mut self.ema {
            ema.update(network.params())?;
        }
        state.step += 1;
        state.optimizer_steps = self.optimizer.memory().steps();
        state.ema_updates = self.ema.as_ref().map(super::Ema::updates);
        state.position.batches = (number + 1) * stage.accumulate as u64;
        state.position.images += outcome.images as u64;
        state.position.loss_sum += outcome.loss * outcome.images as f64;
        let done = StepDone {
            epoch: state.epoch + 1,
            epochs: config.epochs,
            batch: number + 1,
            batches: stage.steps(split.train.len()),
            step: state.step,
            left: self.facts.left(stage, number + 1),
            size: stage.size,
            rate,
            outcome,
        };
        #[cfg(feature = "report")]
        if self.ranks.rank() == 0 {
            self.recorder.step(&done)?;
        }
        watcher.step(&done);
        let kept = &self.facts.config.checkpoints;
        let is_due = kept.steps > 0 && done.step.is_multiple_of(kept.steps)
            || kept.minutes > 0.0 && self.saved.elapsed() >= Duration::from_secs_f64(60.0 * kept.minutes);
        if is_due && self.is_writer() {
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
        let ranks = self.ranks.as_ref();
        let mut loader = eval_loader(config, &split.val, network, self.share())?;
        let evaluation = with_uploaded(&mut loader, network.params().device(), |batches| {
            evaluate_over(ranks, network, batches.take_while(|_| !stop()), |images| watcher.evaluated(images))
        });
        match (any(ranks, stop()), &evaluation) {
            (Ok(true), _) => return Ok(None),
            (Err(error), Ok(_)) => return Err(error),
            (_, Ok(_)) => self.report_skipped(&loader, watcher)?,
            (_, Err(_)) => {}
        }
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
