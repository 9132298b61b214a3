//! What a run says while it is under way.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::args::Style;
use super::output::{bytes, duration, line};
use crate::data::Skipped;
use crate::train::memory;
use crate::train::{EpochDone, StepDone, Watcher};

/// The step after which the run says how long it takes: the first one pays for memory that later ones find.
const ESTIMATE_AFTER: u64 = 3;

/// How often a run without a progress bar says where it is, within an epoch.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// How many files that were left out are named.
const NAMED: usize = 5;

/// Prints what a run does.
pub(super) struct Progress {
    style: Style,
    bar: ProgressBar,
    /// Images of an evaluation.
    val_images: u64,
    predicted_memory: u64,
    first_step: Option<Instant>,
    steps_here: u64,
    last_line: Instant,
    /// Mean loss and share of correct images over the last steps.
    recent: Option<(f64, f64)>,
}

impl Progress {
    pub(super) fn new(style: Style, val_images: u64, predicted_memory: u64) -> Self {
        let bar = match style {
            Style::Human => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
            Style::Quiet | Style::Json => ProgressBar::hidden(),
        };
        bar.set_style(
            // Without a template that parses there is the default one.
            ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {msg} eta {eta}")
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> "),
        );
        let (first_step, recent) = (None, None);
        Self { style, bar, val_images, predicted_memory, first_step, steps_here: 0, last_line: Instant::now(), recent }
    }

    fn say(&self, text: &str) {
        if self.style == Style::Human {
            self.bar.suspend(|| line(text));
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// After some steps: how long an epoch and the run take, and how much memory.
    fn estimate(&self, done: &StepDone, since: Instant) {
        let step = since.elapsed().as_secs_f64() / (ESTIMATE_AFTER - 1) as f64;
        // An evaluation goes forward only, about a third of a step's work an image.
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
        let correct = done.outcome.correct as f64 / done.outcome.images.max(1) as f64;
        let (loss, top1) = match self.recent {
            Some((loss, top1)) => (loss + 0.1 * (done.outcome.loss - loss), top1 + 0.1 * (correct - top1)),
            None => (done.outcome.loss, correct),
        };
        self.recent = Some((loss, top1));
        self.bar.set_length(done.batches);
        self.bar.set_position(done.batch);
        self.bar.set_prefix(format!("epoch {}/{}", done.epoch, done.epochs));
        let message = format!("loss {loss:.3} top-1 {:.1} % lr {:.2e}", 100.0 * top1, done.rate);
        if self.bar.is_hidden() && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let StepDone { epoch, epochs, batch, batches, .. } = done;
            self.say(&format!("epoch {epoch}/{epochs}  step {batch}/{batches}  {message}"));
        }
        self.bar.set_message(message);
    }

    fn epoch(&mut self, done: &EpochDone<'_>) {
        self.bar.reset();
        self.recent = None;
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

    fn skipped(&mut self, files: &[Skipped]) {
        if files.is_empty() {
            return;
        }
        let named: Vec<String> = files.iter().take(NAMED).map(|file| file.error.to_string()).collect();
        match self.style {
            Style::Json => line(json!({"event": "skipped", "count": files.len(), "first": named})),
            Style::Human | Style::Quiet => {
                let more = if files.len() > NAMED { "; …" } else { "" };
                self.bar.suspend(|| line(format!("left out {} bad files: {}{more}", files.len(), named.join("; "))));
            }
        }
    }
}
