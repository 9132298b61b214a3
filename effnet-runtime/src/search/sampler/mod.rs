//! Which network a search looks at next.
//!
//! A proposal is a function of a sampler's seed, the trial's number and the trials before, and of nothing else: a search
//! that was stopped goes on with the same networks, and any number of workers train the same ones. A sampler waits for an
//! earlier trial where the proposal depends on how it ends.

mod draws;
mod evolution;
mod halving;
mod random;
#[cfg(test)]
mod tests;

pub use evolution::Evolution;
pub use halving::{Halving, Rung};
pub use random::Random;

use effnet_spec::Spec;

use super::error::Result;
use super::space::{Refusal, Space};
use super::trial::{Proposal, Trial};

/// What a sampler says to a worker that asks for a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Train this.
    Propose(Proposal),
    /// Ask again when another trial has ended.
    Wait,
    /// The search is over when all trials have ended.
    End,
}

/// Says whether a network may be trained: [`Limits::check`](super::Limits::check) for the search's data, for example.
pub type Allowed<'a> = dyn Fn(&Spec) -> std::result::Result<(), Refusal> + 'a;

/// Proposes the networks of a search, one after the other.
pub trait Sampler {
    /// The most trials that the search has.
    fn trials(&self) -> u64;

    /// Proposes the trial of this number, which comes behind all of `before`: the trials from 0 on, in order, whether
    /// they have ended or not. The answer depends on no more of `before` than every worker that asks for this number
    /// sees, or is [`Next::Wait`].
    ///
    /// # Errors
    /// When no network was found that may be trained.
    fn propose(&self, space: &Space, allowed: &Allowed<'_>, before: &[Trial]) -> Result<Next>;
}

/// The trial that a search ends with: the one of the highest reward among those of the most epochs, the earlier one of
/// equals.
pub fn winner(trials: &[Trial]) -> Option<&Trial> {
    let ranked = ranked(trials);
    let most = ranked.iter().map(|trial| trial.proposal.epochs).max()?;
    ranked.into_iter().find(|trial| trial.proposal.epochs == most)
}

/// The trials with a finite reward, best first; the earlier one of equals.
pub(super) fn ranked<'a>(trials: impl IntoIterator<Item = &'a Trial>) -> Vec<&'a Trial> {
    let measured = trials.into_iter().filter_map(|trial| Some((finite(trial)?, trial)));
    let mut ranked: Vec<(f64, &Trial)> = measured.collect();
    ranked.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.number.cmp(&other.number)));
    ranked.into_iter().map(|(_, trial)| trial).collect()
}

fn finite(trial: &Trial) -> Option<f64> {
    trial.reward().filter(|reward| reward.is_finite())
}
