//! Progress of a search on a terminal, as lines or as JSON.

use std::time::Duration;

use anyhow::Result;
use effnet_runtime::cli::{Style, line, shell};
use effnet_runtime::search::{End, SearchFolder, SearchWatcher, Settings, Space, Trial, winner};
use effnet_runtime::spec::{Spec, thousands};
use effnet_runtime::train::{StepDone, Watcher};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

/// Prints a search's progress.
pub(super) struct Progress {
    style: Style,
    folder: SearchFolder,
    space: String,
    networks: u128,
    /// Trials of the search.
    trials: u64,
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new(style: Style, folder: &SearchFolder, space: &Space, settings: &Settings) -> Result<Self> {
        let bar = match style {
            Style::Human => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
            Style::Quiet | Style::Json => ProgressBar::hidden(),
        };
        let template = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {msg}");
        bar.set_style(template?.progress_chars("=> "));
        let (folder, space, networks) = (folder.clone(), space.name().to_owned(), space.size());
        Ok(Self { style, folder, space, networks, trials: settings.sampler().trials(), bar })
    }

    /// Describes the search before it starts.
    pub(super) fn introduce(&self, settings: &Settings) -> Result<()> {
        let done = self.folder.ledger().trials()?.iter().filter(|trial| trial.end.is_some()).count();
        let folder = self.folder.path().display().to_string();
        match self.style {
            Style::Quiet => {}
            Style::Json => line(json!({
                "event": "start",
                "space": self.space,
                "networks": self.networks.to_string(),
                "sampler": settings.sampler,
                "trials": self.trials,
                "epochs": settings.run.epochs,
                "size": settings.run.size,
                "batch": settings.run.batch,
                "seed": settings.run.seed,
                "folder": folder,
                "ended": done,
            })),
            Style::Human => {
                let networks = u64::try_from(self.networks).map_or_else(|_| self.networks.to_string(), thousands);
                line(format!(
                    "space {}: {networks} networks; {} trials of {} on {}; search folder {folder}",
                    self.space,
                    thousands(self.trials),
                    settings.trial_length(),
                    settings.run.data.name(),
                ));
                if done > 0 {
                    line(format!("resumed after {done} trials"));
                }
            }
        }
        Ok(())
    }

    /// A watcher of the steps of each trial.
    pub(super) fn steps(&self) -> Steps {
        Steps(self.bar.clone())
    }

    /// Removes the bar.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Prints the best network, and what to type next.
    pub(super) fn result(&self, time: Duration) -> Result<()> {
        let trials = self.folder.ledger().trials()?;
        let best = winner(&trials);
        let report = cfg!(feature = "report").then(|| self.folder.report());
        let failed = trials.iter().filter(|trial| matches!(trial.end, Some(End::Failed { .. }))).count();
        if self.style == Style::Json {
            line(json!({
                "event": "result",
                "trials": trials.len(),
                "failed": failed,
                "best": best.map(|best| best.number),
                "reward": best.and_then(Trial::reward),
                "outcome": best.and_then(Trial::outcome),
                "folder": self.folder.path().display().to_string(),
                "report": report.map(|report| report.display().to_string()),
                "seconds": time.as_secs_f64(),
            }));
            return Ok(());
        }
        let Some(best) = best else {
            line(format!("all {} trials have failed: see {}", trials.len(), self.folder.ledger().path().display()));
            return Ok(());
        };
        line(format!("best {}", told(best, self.trials)));
        if self.style == Style::Human {
            let failed = if failed > 0 { format!(", {failed} of which failed") } else { String::new() };
            let report = report.map_or_else(String::new, |report| format!("; report: {}", shell(&report)));
            line(format!("{} trials{failed} in {:.0} s{report}", trials.len(), time.as_secs_f64()));
            let folder = shell(self.folder.path());
            line(format!(
                "its source: effnet search show best --search {folder}; train it in full: effnet search train best --search {folder}"
            ));
        }
        Ok(())
    }

    pub(super) fn stopped(&self) {
        let folder = self.folder.path();
        match self.style {
            Style::Json => line(json!({"event": "stopped", "folder": folder.display().to_string()})),
            Style::Human | Style::Quiet => {
                line(format!("stopped; to continue, type: effnet search --resume --output {}", shell(folder)))
            }
        }
    }
}

/// What came of a trial, on a line.
fn told(trial: &Trial, trials: u64) -> String {
    let number = format!("trial {:>3} of {trials}", trial.number);
    match &trial.end {
        None => format!("{number}  under way"),
        Some(End::Failed { reason }) => format!("{number}  failed: {reason}"),
        Some(End::Measured { outcome, reward }) => {
            let milliseconds = outcome.milliseconds.map_or_else(String::new, |time| format!(" ({time:.0} ms)"));
            format!(
                "{number}  accuracy {:.2} %  time {:.2}{milliseconds}  {:.2} M parameters  reward {reward:.4}",
                100.0 * outcome.accuracy,
                outcome.time,
                outcome.params as f64 / 1e6,
            )
        }
    }
}

/// Follows trials.
pub(super) struct Trials<'a>(pub(super) &'a mut Progress);

impl SearchWatcher for Trials<'_> {
    fn begun(&mut self, trial: &Trial, _spec: &Spec) {
        self.0.bar.reset();
        self.0.bar.set_prefix(format!("trial {} of {}", trial.number, self.0.trials));
    }

    fn ended(&mut self, number: u64, trials: &[Trial]) {
        let progress = &self.0;
        // A report that cannot be written is no reason to end a search: the ledger has all of it.
        #[cfg(feature = "report")]
        if let Err(error) = effnet_runtime::search::report::write(&progress.folder) {
            effnet_runtime::cli::error(&error);
        }
        let Some(trial) = trials.get(number as usize) else { return };
        let is_best = winner(trials).is_some_and(|best| best.number == number);
        match progress.style {
            Style::Quiet => {}
            Style::Json => line(json!({
                "event": "trial",
                "trial": number,
                "genes": trial.proposal.genes,
                "epochs": trial.proposal.epochs,
                "end": trial.end,
                "best": is_best,
            })),
            Style::Human => {
                let best = if is_best { "  best" } else { "" };
                progress.bar.suspend(|| line(format!("{}{best}", told(trial, progress.trials))));
            }
        }
    }
}

/// Follows the steps of a trial.
pub(super) struct Steps(ProgressBar);

impl Watcher for Steps {
    fn step(&mut self, done: &StepDone) {
        self.0.set_length(done.batches * done.epochs);
        self.0.set_position(done.batches * (done.epoch - 1) + done.batch);
        self.0.set_message(format!("loss {:.3}", done.outcome.loss));
    }
}
