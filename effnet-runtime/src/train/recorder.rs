//! Records a run: TensorBoard's events step by step, `report.html` epoch by epoch.

use std::time::Instant;

use super::error::{Error, Result};
use super::evaluate::Evaluation;
use super::events::EventFile;
use super::facts::Facts;
use super::metrics::Metrics;
use super::report::{self, Shown};
use super::run_folder::RunFolder;
use super::watch::StepDone;

/// Steps between two recorded steps. An epoch's last step is recorded too.
const EVERY: u64 = 10;

/// Recorder of one session of a run.
pub(super) struct Recorder {
    folder: RunFolder,
    /// The session's first step, from 1.
    first_step: u64,
    /// Created with the first event.
    events: Option<EventFile>,
    /// Start and number of images of the current measurement of images per second.
    pace: Option<(Instant, usize)>,
    /// The best epoch's evaluation.
    shown: Option<Shown>,
}

impl Recorder {
    /// Prepares to record the session that begins after `step` steps of the run in `folder`. Writes nothing yet.
    pub(super) fn new(folder: &RunFolder, step: u64) -> Self {
        Self { folder: folder.clone(), first_step: step + 1, events: None, pace: None, shown: None }
    }

    /// Records a step: every tenth of the run, and the last of each epoch, with the results of its own batch.
    ///
    /// # Errors
    /// When the events cannot be written.
    pub(super) fn step(&mut self, done: &StepDone) -> Result<()> {
        let StepDone { batch, batches, step, size, rate, outcome, .. } = *done;
        if let Some((_, images)) = &mut self.pace {
            *images += outcome.images;
        }
        if step.is_multiple_of(EVERY) || batch == batches {
            let mut scalars = vec![
                ("loss", outcome.loss),
                ("top1", outcome.correct as f64 / outcome.images.max(1) as f64),
                ("lr", rate),
                ("size", size as f64),
            ];
            if let Some((since, images @ 1..)) = self.pace {
                scalars.push(("images_per_second", images as f64 / since.elapsed().as_secs_f64()));
            }
            self.write(step, "step", &scalars)?;
            self.pace = None;
        }
        // The first step after a pause started before anybody looked at the clock, so it is not measured. Neither is
        // the evaluation after an epoch's last step.
        self.pace = if batch == batches { None } else { self.pace.or_else(|| Some((Instant::now(), 0))) };
        Ok(())
    }

    /// Records an evaluated epoch, whose row `metrics.csv` already has; its checkpoint may follow.
    ///
    /// # Errors
    /// When the events or the report cannot be written.
    pub(super) fn epoch(&mut self, facts: &Facts, metrics: &Metrics, evaluation: &Evaluation) -> Result<()> {
        let mut scalars = metrics.cells();
        scalars.retain(|(column, _)| !["epoch", "step"].contains(column));
        self.write(metrics.step, "epoch", &scalars)?;
        let Some(best) = facts.state.best else { return Ok(()) };
        let shown = match self.shown.take() {
            Some(shown) if shown.epoch == best.epoch => shown,
            _ => Shown::of_best(facts, best.epoch, evaluation)?,
        };
        report::write(facts, &best, &shown)?;
        self.shown = Some(shown);
        Ok(())
    }

    fn write(&mut self, step: u64, group: &str, scalars: &[(&str, f64)]) -> Result<()> {
        let path = self.folder.path();
        let events = match &mut self.events {
            Some(events) => events,
            empty => {
                empty.insert(EventFile::create(path, self.first_step).map_err(Error::folder("write events to", path))?)
            }
        };
        events.scalars(step, group, scalars).map_err(|reason| Error::folder("write", events.path())(reason))
    }
}
