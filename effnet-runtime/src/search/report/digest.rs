//! The trials of a search, sorted for the report.

use effnet_spec::Spec;

use crate::search::error::Result;
use crate::search::run::trial_name;
use crate::search::sampler::winner;
use crate::search::space::Space;
use crate::search::trial::{End, Outcome, Trial};

/// A trial that was trained.
pub(super) struct Measured<'a> {
    pub(super) number: u64,
    pub(super) epochs: u64,
    pub(super) outcome: &'a Outcome,
    pub(super) reward: f64,
    pub(super) spec: Spec,
}

/// Trials that failed for the same reason but for its figures.
pub(super) struct Failed<'a> {
    pub(super) trials: u64,
    /// The first of them.
    pub(super) first: u64,
    pub(super) reason: &'a str,
}

/// The trials of a search.
pub(super) struct Digest<'a> {
    pub(super) trials: &'a [Trial],
    /// The trials that were trained, in the order of their numbers.
    pub(super) measured: Vec<Measured<'a>>,
    /// Reasons why trials failed, the most frequent first.
    pub(super) failed: Vec<Failed<'a>>,
    /// Trials that have not ended.
    pub(super) running: u64,
    /// Number of the best trial.
    pub(super) winner: Option<u64>,
}

impl<'a> Digest<'a> {
    /// # Errors
    /// When a trial's genes are not the space's.
    pub(super) fn of(space: &Space, trials: &'a [Trial]) -> Result<Self> {
        let mut measured = Vec::new();
        let mut failed: Vec<Failed<'a>> = Vec::new();
        for trial in trials {
            match &trial.end {
                Some(End::Measured { outcome, reward }) if are_finite(outcome, *reward) => {
                    let spec = space.spec(&trial.proposal.genes, &trial_name(trial.number))?;
                    let (number, epochs) = (trial.number, trial.proposal.epochs);
                    measured.push(Measured { number, epochs, outcome, reward: *reward, spec });
                }
                Some(End::Measured { .. }) => count(&mut failed, trial.number, "its figures are not finite"),
                Some(End::Failed { reason }) => count(&mut failed, trial.number, reason),
                None => {}
            }
        }
        failed.sort_by_key(|failed| std::cmp::Reverse(failed.trials));
        let running = trials.iter().filter(|trial| trial.end.is_none()).count() as u64;
        Ok(Self { trials, measured, failed, running, winner: winner(trials).map(|trial| trial.number) })
    }

    /// The best trial.
    pub(super) fn best(&self) -> Option<&Measured<'a>> {
        self.measured.iter().find(|trial| Some(trial.number) == self.winner)
    }

    /// The most epochs that a trial was trained for.
    pub(super) fn most_epochs(&self) -> u64 {
        self.measured.iter().map(|trial| trial.epochs).max().unwrap_or_default()
    }

    /// Whether some trials were trained for fewer epochs than others, and so do not compare.
    pub(super) fn is_in_rungs(&self) -> bool {
        self.measured.iter().any(|trial| trial.epochs != self.most_epochs())
    }

    /// The trials that were trained, those of the most epochs first, the highest reward first, the earlier of equals.
    pub(super) fn ranked(&self) -> Vec<&Measured<'a>> {
        let mut ranked: Vec<&Measured<'a>> = self.measured.iter().collect();
        ranked.sort_by(|left, right| {
            right
                .epochs
                .cmp(&left.epochs)
                .then(right.reward.total_cmp(&left.reward))
                .then(left.number.cmp(&right.number))
        });
        ranked
    }

    /// The trials that failed.
    pub(super) fn failures(&self) -> u64 {
        self.failed.iter().map(|failed| failed.trials).sum()
    }

    /// Networks that were drawn and not tried.
    pub(super) fn refused(&self) -> u64 {
        self.trials.iter().map(|trial| trial.proposal.refused).sum()
    }
}

fn are_finite(outcome: &Outcome, reward: f64) -> bool {
    [outcome.accuracy, outcome.time, reward].iter().all(|figure| figure.is_finite())
}

/// Counts a failure.
fn count<'a>(failed: &mut Vec<Failed<'a>>, number: u64, reason: &'a str) {
    let words = |reason: &str| reason.replace(|sign: char| sign.is_ascii_digit() || ",.-".contains(sign), "");
    match failed.iter_mut().find(|known| words(known.reason) == words(reason)) {
        Some(known) => known.trials += 1,
        None => failed.push(Failed { trials: 1, first: number, reason }),
    }
}
