//! What finds out what a network is worth.

use std::path::Path;

use effnet_spec::Spec;

use super::error::Result;
use super::trial::Outcome;

/// A trial to evaluate.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// Its number.
    pub number: u64,
    /// The network.
    pub spec: &'a Spec,
    /// Passes over the training images.
    pub epochs: u64,
    /// The folder of the trial that it comes from, which may be a shorter training of the same network.
    pub parent: Option<&'a Path>,
    /// A folder of its own, which is there. It holds what an earlier process left when it was killed at the trial.
    pub folder: &'a Path,
}

/// What an evaluation comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The network was trained.
    Measured(Outcome),
    /// It was not, or not to the end: why, as a sentence.
    Failed(String),
}

/// Evaluates networks: [`Training`](super::Training) trains them, and a test or a user may do anything else.
pub trait Evaluator {
    /// Evaluates a trial. None when `stop`, which is to be called every now and then, has returned true: the trial is
    /// evaluated again later, in the same folder.
    ///
    /// # Errors
    /// When no trial can be evaluated. What is wrong with this one alone is [`Verdict::Failed`].
    fn evaluate(&mut self, job: &Job<'_>, stop: &dyn Fn() -> bool) -> Result<Option<Verdict>>;

    /// Removes what the folders of ended trials hold and nobody needs, after one more has ended. `best` are the numbers of
    /// the trials of the highest rewards so far, the best first; `folder` is where a trial's is.
    ///
    /// # Errors
    /// When something cannot be removed.
    fn tidy(&mut self, _ended: &[u64], _best: &[u64], _folder: &dyn Fn(u64) -> std::path::PathBuf) -> Result<()> {
        Ok(())
    }
}
