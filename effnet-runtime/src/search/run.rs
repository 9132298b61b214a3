//! A search: trial after trial, until the sampler has no more.

use std::thread;
use std::time::{Duration, Instant};

use effnet_spec::Spec;

use super::error::{Error, Result};
use super::evaluator::{Evaluator, Job, Verdict};
use super::ledger::{Claim, Ledger, Next};
use super::reward::Reward;
use super::sampler::{self, Allowed, Sampler, ranked, winner};
use super::space::Space;
use super::trial::{End, Proposal, Trial};

/// Pause between two looks at a ledger in which other workers are to end a trial.
const PAUSE: Duration = Duration::from_millis(200);

/// A search, or one of several workers at it, each with a `Search` of its own and the same ledger.
pub struct Search<'a> {
    /// Where trials are written, and other workers' are read.
    pub ledger: Ledger,
    /// The networks.
    pub space: &'a Space,
    /// What proposes them.
    pub sampler: &'a dyn Sampler,
    /// Refuses networks before they are trained.
    pub allowed: &'a Allowed<'a>,
    /// What makes one number of an outcome.
    pub reward: &'a dyn Reward,
    /// What finds out what a network is worth.
    pub evaluator: &'a mut dyn Evaluator,
}

/// How [`Search::run`] came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All trials have ended.
    Finished,
    /// It was asked to stop. An unfinished trial is taken up again by the next run.
    Stopped,
}

/// Follows a search. Every method has an empty default.
pub trait SearchWatcher {
    /// This process begins a trial, or takes it up again.
    fn begun(&mut self, _trial: &Trial, _spec: &Spec) {}

    /// This process has ended the trial of this number, among all trials so far.
    fn ended(&mut self, _number: u64, _trials: &[Trial]) {}
}

impl SearchWatcher for () {}

impl Search<'_> {
    /// Evaluates trials until all have ended, those of other workers too, or until `stop` returns true.
    ///
    /// # Errors
    /// When the ledger cannot be read or written, no network is left to propose before any was, or the evaluator fails.
    pub fn run(&mut self, watcher: &mut dyn SearchWatcher, stop: &dyn Fn() -> bool) -> Result<Ended> {
        loop {
            if stop() {
                return Ok(Ended::Stopped);
            }
            let claim = self.ledger.clone().claim(|trials| self.propose(trials))?;
            match claim {
                Next::Work(claim) => {
                    if self.work(&claim, watcher, stop)? == Ended::Stopped {
                        return Ok(Ended::Stopped);
                    }
                }
                Next::Wait => thread::sleep(PAUSE),
                Next::End => return Ok(Ended::Finished),
            }
        }
    }

    fn propose(&self, trials: &[Trial]) -> Result<Next<(Proposal, String)>> {
        Ok(match self.sampler.propose(self.space, self.allowed, trials)? {
            sampler::Next::Propose(proposal) => {
                let table = self.space.key(&proposal.genes)?;
                Next::Work((proposal, table))
            }
            sampler::Next::Wait => Next::Wait,
            sampler::Next::End => Next::End,
        })
    }

    fn work(&mut self, claim: &Claim, watcher: &mut dyn SearchWatcher, stop: &dyn Fn() -> bool) -> Result<Ended> {
        let begun = Instant::now();
        let Trial { number, proposal, .. } = &claim.trial;
        let spec = self.space.spec(&proposal.genes, &trial_name(*number))?;
        watcher.begun(&claim.trial, &spec);
        let folder = self.ledger.trial_folder(*number);
        let parent = proposal.parent.map(|parent| self.ledger.trial_folder(parent));
        let (epochs, parent) = (proposal.epochs, parent.as_deref());
        let job = Job { number: *number, spec: &spec, epochs, parent, folder: &folder };
        let end = match self.evaluator.evaluate(&job, stop)? {
            None => return Ok(Ended::Stopped),
            Some(Verdict::Failed(reason)) => End::Failed { reason },
            Some(Verdict::Measured(outcome)) => {
                let reward = self.reward.reward(&outcome);
                if !reward.is_finite() {
                    return Err(Error::Setting(format!("the reward of trial {number} is {reward}: it must be finite")));
                }
                End::Measured { outcome, reward }
            }
        };
        let trials = self.ledger.end(claim, end, begun.elapsed().as_secs_f64())?;
        let ended: Vec<u64> = trials.iter().filter(|trial| trial.end.is_some()).map(|trial| trial.number).collect();
        // A longer training has not always the higher reward.
        let best: Vec<u64> = winner(&trials).into_iter().chain(ranked(&trials)).map(|trial| trial.number).collect();
        self.evaluator.tidy(&ended, &best, &|number| self.ledger.trial_folder(number))?;
        watcher.ended(*number, &trials);
        Ok(Ended::Finished)
    }
}

/// Name of a trial's network.
pub fn trial_name(number: u64) -> String {
    format!("Trial{number:04}")
}
