//! One epoch of a run.

use std::path::Path;
use std::time::{Duration, Instant};

use effnet_spec::Size;

use super::super::checkpoint;
use super::super::error::{Error, Result};
use super::super::evaluate::{Evaluation, evaluate};
use super::super::facts::{Facts, Plan};
use super::super::finite;
use super::super::inputs::{eval_image, eval_loader, train_loader};
use super::super::metrics::{self, EmaMetrics, Metrics};
use super::super::single::is_too_little;
use super::super::stages::{Stage, stage_of_step};
use super::super::state::Position;
use super::super::step::{StepOptions, step};
use super::super::upload::with_uploaded;
use super::super::watch::{EpochDone, StepDone, Watcher};
use super::{Ended, Trainer};
use crate::data::{self, Batch};

/// An epoch's evaluations: the weights', and their average's where there is one.
struct Evaluations {
    own: Evaluation,
    averaged: Option<Evaluation>,
}

impl Trainer {
    /// Runs the rest of the current epoch, its evaluation and its checkpoint.
    pub(super) fn epoch(&mut self, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Ended> {
        let begun = Instant::now();
        let stage = self.stage();
        if self.steps(&stage, watcher, stop)? == Ended::Stopped {
            return self.stopped();
        }
        if self.state.position.images == 0 {
            return Err(Error::Setting("none of the training images could be used".to_owned()));
        }
        let Some(Evaluations { own, averaged }) = self.evaluations(watcher, stop)? else { return self.stopped() };
        let Position { images, loss_sum, .. } = self.state.position;
        self.state.epoch += 1;
        self.state.position = Position::default();
        let better = averaged.as_ref().filter(|averaged| averaged.top1 > own.top1);
        let is_best = self.state.is_best(better.unwrap_or(&own), better.is_some());
        let metrics = Metrics {
            epoch: self.state.epoch,
            step: self.state.step,
            lr: self.schedule.rate(self.state.step.saturating_sub(1)),
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
        metrics::append(&self.folder.metrics(), &metrics)?;
        self.record(&metrics, better.unwrap_or(&own))?;
        let checkpoint = self.folder.epoch(self.state.epoch);
        self.save(&checkpoint)?;
        self.folder.link(&checkpoint, &self.folder.last())?;
        self.saved = Instant::now();
        if is_best {
            self.keep_best(&checkpoint)?;
        }
        self.folder.prune(self.config.checkpoints.keep)?;
        watcher.epoch(&EpochDone {
            epochs: self.config.epochs,
            metrics,
            evaluation: &own,
            averaged: averaged.as_ref(),
            is_best,
        });
        Ok(Ended::Finished)
    }

    /// Links `best.safetensors` to the epoch's checkpoint, or writes the averaged weights there if they are better.
    fn keep_best(&mut self, checkpoint: &Path) -> Result<()> {
        let best = self.folder.best();
        match &mut self.ema {
            Some(ema) if self.state.best.is_some_and(|best| best.averaged) => {
                let params = self.network.params();
                ema.swap(params)?;
                let written = checkpoint::save_weights(
                    &best,
                    self.network.as_ref(),
                    &self.config.model,
                    self.split.train.classes(),
                );
                ema.swap(params)?;
                written
            }
            _ => self.folder.link(checkpoint, &best),
        }
    }

    /// Takes the rest of the current epoch's steps.
    fn steps(&mut self, stage: &Stage, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Ended> {
        let first = self.state.position.batches;
        let mut loader =
            train_loader(&self.config, stage, &self.split.train, self.network.as_ref(), self.state.epoch, first)?;
        let device = self.network.params().device().clone();
        let is_too_little = is_too_little(self.network.as_ref(), Size::square(stage.size));
        let mut alone = Vec::new();
        let mut is_enough = |part: &std::result::Result<Batch, data::Error>| match part {
            Ok(Batch { samples, .. }) if is_too_little && samples.len() == 1 => {
                alone.push(samples[0]);
                false
            }
            _ => true,
        };
        let ended = with_uploaded(&mut loader, &device, |parts| {
            self.steps_of(stage, &mut parts.filter(&mut is_enough), watcher, stop)
        })?;
        if ended == Ended::Finished {
            watcher.skipped(loader.skipped());
            let names = alone.into_iter().map(|sample| self.split.train.name(sample as usize));
            watcher.alone(&names.collect::<Vec<_>>());
        }
        Ok(ended)
    }

    /// Takes steps over batches, several of which may be parts of one step.
    fn steps_of(
        &mut self,
        stage: &Stage,
        batches: &mut dyn Iterator<Item = std::result::Result<Batch, data::Error>>,
        watcher: &mut dyn Watcher,
        stop: &dyn Fn() -> bool,
    ) -> Result<Ended> {
        let step_of = |part: &Batch| part.number / stage.accumulate;
        let mut parts: Vec<Batch> = Vec::with_capacity(stage.accumulate);
        for part in batches {
            let part = part?;
            // A part whose files were all left out never arrives, so the next part's number ends the step instead.
            if parts.last().is_some_and(|before| step_of(before) != step_of(&part)) {
                self.step(stage, &std::mem::take(&mut parts), watcher)?;
                if stop() {
                    return Ok(Ended::Stopped);
                }
            }
            let is_last = (part.number + 1).is_multiple_of(stage.accumulate);
            parts.push(part);
            if is_last {
                self.step(stage, &std::mem::take(&mut parts), watcher)?;
                if stop() {
                    return Ok(Ended::Stopped);
                }
            }
        }
        if !parts.is_empty() {
            self.step(stage, &parts, watcher)?;
            if stop() {
                return Ok(Ended::Stopped);
            }
        }
        Ok(Ended::Finished)
    }

    fn step(&mut self, stage: &Stage, parts: &[Batch], watcher: &mut dyn Watcher) -> Result<()> {
        let options = StepOptions {
            seed: self.config.seed,
            label_smoothing: self.config.regularise.label_smoothing,
            class_weights: self.class_weights.as_deref(),
            dropout: stage.dropout,
            drop_path_scale: self.config.regularise.drop_path_scale,
            precision: self.config.precision,
        };
        let rate = self.schedule.rate(self.state.step);
        let network = self.network.as_ref();
        let outcome = step(network, &mut self.optimizer, parts, &options, self.state.step, rate)?;
        if let Some(ema) = &mut self.ema {
            ema.update(network.params())?;
        }
        let state = &mut self.state;
        state.step += 1;
        state.optimizer_steps = self.optimizer.memory().steps();
        state.ema_updates = self.ema.as_ref().map(super::Ema::updates);
        state.position.batches = parts.last().map_or(0, |part| part.number as u64 + 1);
        state.position.images += outcome.images as u64;
        state.position.loss_sum += outcome.loss * outcome.images as f64;
        let batch = state.position.batches.div_ceil(stage.accumulate as u64);
        let images = self.split.train.len();
        let done = StepDone {
            epoch: self.state.epoch + 1,
            epochs: self.config.epochs,
            batch,
            batches: stage.steps(images),
            step: self.state.step,
            left: self.left(stage, batch),
            size: stage.size,
            rate,
            outcome,
        };
        self.recorder.step(&done)?;
        watcher.step(&done);
        let kept = &self.config.checkpoints;
        let is_due = kept.steps > 0 && self.state.step.is_multiple_of(kept.steps)
            || kept.minutes > 0.0 && self.saved.elapsed() >= Duration::from_secs_f64(60.0 * kept.minutes);
        if is_due {
            self.save(&self.folder.last())?;
            self.saved = Instant::now();
        }
        Ok(())
    }

    /// Updates events and report to the epoch that is done.
    fn record(&mut self, metrics: &Metrics, evaluation: &Evaluation) -> Result<()> {
        let Some(best) = self.state.best else { return Ok(()) };
        let (stages, images, schedule) = (&self.stages, self.split.train.len(), self.schedule);
        let size = |step| stage_of_step(stages, images, step).map_or(0, |stage| stage.size);
        self.recorder.epoch(&Facts {
            folder: &self.folder,
            config: &self.config,
            command: self.command.as_deref(),
            network: self.network.as_ref(),
            split: &self.split,
            metrics,
            evaluation,
            best,
            plan: Plan { steps: schedule.steps, rate: &|step| schedule.rate(step), size: &size },
        })
    }

    /// Number of steps left in the run, in units of one step of this stage.
    fn left(&self, stage: &Stage, batch: u64) -> f64 {
        let images = self.split.train.len();
        let pixels = |stage: &Stage| (stage.size * stage.size * stage.batch) as f64;
        let of_epoch = |stage: &Stage| stage.steps(images) as f64 * pixels(stage);
        let later: f64 = self
            .stages
            .iter()
            .map(|later| later.end.saturating_sub(later.begin.max(self.state.epoch + 1)) as f64 * of_epoch(later))
            .sum();
        (stage.steps(images) - batch.min(stage.steps(images))) as f64 + later / pixels(stage)
    }

    /// Evaluates the weights, and their average, after an epoch. None if the run was asked to stop.
    fn evaluations(&mut self, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Option<Evaluations>> {
        let Some(own) = self.evaluate("", watcher, stop)? else { return Ok(None) };
        let Some(mut ema) = self.ema.take() else { return Ok(Some(Evaluations { own, averaged: None })) };
        ema.swap(self.network.params())?;
        let averaged = self.evaluate(" of the averaged weights", watcher, stop);
        ema.swap(self.network.params())?;
        self.ema = Some(ema);
        Ok(averaged?.map(|averaged| Evaluations { own, averaged: Some(averaged) }))
    }

    /// Evaluates the network as it stands; an error names `whose` weights. None if the run was asked to stop.
    fn evaluate(&self, whose: &str, watcher: &mut dyn Watcher, stop: &dyn Fn() -> bool) -> Result<Option<Evaluation>> {
        let network = self.network.as_ref();
        // A weight that is not finite can leave the logits finite, but the file with it could not be loaded again.
        if let Some(name) = finite::parameter(network)? {
            return Err(self.not_finite(whose, &format!("`{name}`")));
        }
        let mut loader = eval_loader(&self.config, &self.split.val, network)?;
        let evaluation = with_uploaded(&mut loader, network.params().device(), |batches| {
            evaluate(network, batches.take_while(|_| !stop()), |images| watcher.evaluated(images))
        });
        if stop() {
            return Ok(None);
        }
        watcher.skipped(loader.skipped());
        match evaluation {
            Err(Error::NotFiniteOutput { sample }) => {
                let source = self.split.val.as_ref();
                let image = eval_image(&self.config, source, network, sample as usize)?;
                let cause = finite::of_image(network, &image, &source.name(sample as usize))?;
                Err(self.not_finite(whose, &cause))
            }
            evaluation => evaluation.map(Some),
        }
    }

    /// The error of a validation in which `cause` is not finite. It precedes the epoch's row and checkpoint: neither is
    /// written, and no epoch becomes the best.
    fn not_finite(&self, whose: &str, cause: &str) -> Error {
        Error::NotFiniteValidation {
            epoch: self.state.epoch + 1,
            what: format!("the validation{whose} is not finite, as {cause} is not"),
            best: Some(self.folder.best()).filter(|best| best.exists()),
        }
    }

    fn stopped(&mut self) -> Result<Ended> {
        self.save(&self.folder.last())?;
        Ok(Ended::Stopped)
    }
}
