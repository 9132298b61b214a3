//! Progress of a run on a terminal, as lines or as JSON.

use std::time::{Duration, Instant};

use effnet_spec::thousands;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::args::Style;
use super::output::line;
use crate::data::BadFile;
use crate::text::{bytes, duration};
use crate::train::memory;
use crate::train::{EpochDone, StepDone, StepOutcome, Watcher};

/// Number of steps before the estimate; the first step is left out, because it allocates memory that later ones reuse.
const ESTIMATE_AFTER: u64 = 3;

/// Interval of lines within an epoch, in a run without a progress bar.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Maximum number of skipped files that are named.
const NAMED: usize = 5;

/// Prints a run's progress.
pub(super) struct Progress {
    style: Style,
    bar: ProgressBar,
    /// Images per evaluation.
    val_images: u64,
    predicted_memory: u64,
    first_step: Option<Instant>,
    steps_here: u64,
    last_line: Instant,
    /// Averages of recent steps.
    recent: Option<Recent>,
    /// End of the last step; none if something else has run since.
    last_step: Option<Instant>,
    /// Validation images done in the current evaluation.
    evaluated: u64,
}

/// Exponential means over recent steps; the newest weighs a tenth.
#[derive(Clone, Copy)]
struct Recent {
    loss: f64,
    /// Top-1 accuracy.
    top1: f64,
    /// Seconds per image from step to step, including waits for the loader.
    image: Option<f64>,
}

impl Recent {
    /// Adds a step that ended `seconds` after the one before.
    fn after(before: Option<Self>, outcome: &StepOutcome, seconds: Option<f64>) -> Self {
        let images = outcome.images.max(1) as f64;
        let (top1, image) = (outcome.correct as f64 / images, seconds.map(|seconds| seconds / images));
        let Some(before) = before else { return Self { loss: outcome.loss, top1, image } };
        let mean = |old: f64, new: f64| old + 0.1 * (new - old);
        Self {
            loss: mean(before.loss, outcome.loss),
            top1: mean(before.top1, top1),
            image: image.map(|new| before.image.map_or(new, |old| mean(old, new))).or(before.image),
        }
    }

    fn text(&self, rate: f64) -> String {
        let pace = self.image.map_or_else(String::new, |image| match 1.0 / image {
            pace if pace < 10.0 => format!(" {pace:.1} images/s"),
            pace => format!(" {} images/s", thousands(pace.min(1e12) as u64)),
        });
        format!("loss {:.3} top-1 {:.1} % lr {rate:.2e}{pace}", self.loss, 100.0 * self.top1)
    }
}

impl Progress {
    pub(super) fn new(style: Style, val_images: u64, predicted_memory: u64) -> Self {
        let bar = match style {
            Style::Human => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
            Style::Quiet | Style::Json => ProgressBar::hidden(),
        };
        bar.set_style(
            // Fall back to the default template.
            ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {msg} eta {eta}")
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> "),
        );
        Self {
            style,
            bar,
            val_images,
            predicted_memory,
            first_step: None,
            steps_here: 0,
            last_line: Instant::now(),
            recent: None,
            last_step: None,
            evaluated: 0,
        }
    }

    fn say(&self, text: &str) {
        if self.style == Style::Human {
            self.bar.suspend(|| line(text));
        }
    }

    /// Reports left-out files or images, if there are any, and names some.
    fn left_out(&self, event: &str, what: &str, names: impl ExactSizeIterator<Item = String>) {
        let count = names.len();
        let named: Vec<String> = names.take(NAMED).collect();
        match self.style {
            _ if count == 0 => {}
            Style::Json => line(json!({"event": event, "count": count, "first": named})),
            Style::Human | Style::Quiet => {
                let more = if count > named.len() { "; …" } else { "" };
                self.bar.suspend(|| line(format!("left out {count} {what}: {}{more}", named.join("; "))));
            }
        }
    }

    /// Removes the bar.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Estimates the time of an epoch and of the run, and reports peak memory.
    fn estimate(&self, done: &StepDone, since: Instant) {
        let step = since.elapsed().as_secs_f64() / (ESTIMATE_AFTER - 1) as f64;
        // An evaluation is a forward pass, about a third of a step's work per image.
        let evaluation = step / 3.0 * self.val_images as f64 / done.outcome.images.max(1) as f64;
        let epoch = step * done.batches as f64 + evaluation;
        let left = step * done.left + evaluation * (1 + done.epochs - done.epoch) as f64;
        let measured = memory::measured();
        match self.style {
            Style::Human => {
                let [epoch, left] = [epoch, left].map(|seconds| duration(Duration::from_secs_f64(seconds)));
                let measured = measured
                    .map_or_else(|| "not measured here".to_owned(), |peak| format!("{} measured so far", bytes(peak)));
                let predicted = bytes(self.predicted_memory);
                self.say(&format!("an epoch takes about {epoch}, the rest of the run {left}; peak memory {predicted} predicted, {measured}"));
            }
            Style::Json => line(json!({
                "event": "estimate",
                "epoch_seconds": epoch,
                "remaining_seconds": left,
                "predicted_peak_bytes": self.predicted_memory,
                "measured_peak_bytes": measured,
            })),
            Style::Quiet => {}
        }
    }
}

impl Watcher for Progress {
    fn step(&mut self, done: &StepDone) {
        self.steps_here += 1;
        match (self.steps_here, self.first_step) {
            (1, _) => self.first_step = Some(Instant::now()),
            (ESTIMATE_AFTER, Some(since)) => self.estimate(done, since),
            _ => {}
        }
        let now = Instant::now();
        let seconds = self.last_step.replace(now).map(|before| (now - before).as_secs_f64());
        let recent = Recent::after(self.recent, &done.outcome, seconds);
        self.recent = Some(recent);
        self.bar.set_length(done.batches);
        self.bar.set_position(done.batch);
        self.bar.set_prefix(format!("epoch {}/{}", done.epoch, done.epochs));
        let message = recent.text(done.rate);
        if self.bar.is_hidden() && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let StepDone { epoch, epochs, batch, batches, .. } = done;
            self.say(&format!("epoch {epoch}/{epochs}  step {batch}/{batches}  {message}"));
        }
        self.bar.set_message(message);
    }

    fn evaluated(&mut self, images: usize) {
        self.evaluated += images as u64;
        self.bar.set_message(format!(
            "evaluated {} of {} images",
            thousands(self.evaluated),
            thousands(self.val_images)
        ));
    }

    fn epoch(&mut self, done: &EpochDone<'_>) {
        self.bar.reset();
        (self.recent, self.last_step, self.evaluated) = (None, None, 0);
        self.last_line = Instant::now();
        let metrics = &done.metrics;
        match self.style {
            Style::Human => self.say(&format!(
                "epoch {:>3}/{}  train loss {:.4}  val loss {:.4}  top-1 {:.2} %  top-5 {:.2} %{}  {}{}",
                metrics.epoch,
                done.epochs,
                metrics.train_loss,
                metrics.val_loss,
                100.0 * metrics.val_top1,
                100.0 * metrics.val_top5,
                metrics.ema.map_or_else(String::new, |ema| format!("  averaged {:.2} %", 100.0 * ema.top1)),
                duration(Duration::from_secs_f64(metrics.seconds)),
                if done.is_best { "  best" } else { "" },
            )),
            Style::Json => line(json!({
                "event": "epoch",
                "epoch": metrics.epoch,
                "epochs": done.epochs,
                "step": metrics.step,
                "lr": metrics.lr,
                "train_loss": metrics.train_loss,
                "val_loss": metrics.val_loss,
                "val_top1": metrics.val_top1,
                "val_top5": metrics.val_top5,
                "size": metrics.size,
                "ema_loss": metrics.ema.map(|ema| ema.loss),
                "ema_top1": metrics.ema.map(|ema| ema.top1),
                "ema_top5": metrics.ema.map(|ema| ema.top5),
                "seconds": metrics.seconds,
                "best": done.is_best,
            })),
            Style::Quiet => {}
        }
    }

    fn skipped(&mut self, files: &[BadFile]) {
        self.left_out("skipped", "bad files", files.iter().map(|file| file.error.to_string()));
    }

    fn alone(&mut self, images: &[String]) {
        self.left_out("alone", "images that bad files leave alone in their batch", images.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_loss_top_1_rate_and_pace() {
        let outcome = |loss, correct| StepOutcome { loss, correct, images: 32 };
        let first = Recent::after(None, &outcome(2.0, 8), None);
        // The first step's duration is unknown.
        assert_eq!(first.text(1e-3), "loss 2.000 top-1 25.0 % lr 1.00e-3");
        let second = Recent::after(Some(first), &outcome(1.0, 16), Some(0.5));
        assert_eq!(second.text(1e-3), "loss 1.900 top-1 27.5 % lr 1.00e-3 64 images/s");
        let third = Recent::after(Some(second), &outcome(1.9, 16), Some(1.0));
        // A tenth of the way from 1/64 s an image to 1/32 s.
        assert!(third.text(1e-3).ends_with(" 58 images/s"), "{}", third.text(1e-3));
        let slow = Recent::after(None, &outcome(2.0, 8), Some(20.0));
        assert!(slow.text(1e-3).ends_with(" 1.6 images/s"));
        let fast = Recent { image: Some(0.0), ..slow };
        assert!(fast.text(1e-3).ends_with(" images/s"));
    }
}
