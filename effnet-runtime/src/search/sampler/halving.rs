//! Successive halving.

use super::random::Random;
use super::{Allowed, Next, Sampler, ranked};
use crate::search::error::Result;
use crate::search::space::Space;
use crate::search::trial::{Proposal, Trial};

/// Successive halving (Jamieson & Talwalkar, *Non-stochastic Best Arm Identification and Hyperparameter Optimization*,
/// 2016): many short trainings, of which the best become longer ones, rung by rung.
///
/// The first rung is [`Random`]'s networks. Each next rung trains the best 1/η of the one below, from the start and for η
/// times the epochs, the last one for all of them. There are as many rungs as samples and epochs allow, with at least one
/// of either in the first: with fewer than η epochs it is random search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halving {
    /// The seed, the networks of the first rung, and the epochs of the last.
    pub random: Random,
    /// The factor η between two rungs, at least 2.
    pub eta: u64,
}

/// A rung of [`Halving`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// How many networks are trained.
    pub trials: u64,
    /// For how many epochs each.
    pub epochs: u64,
}

impl Halving {
    /// Halving by thirds.
    pub fn new(random: Random) -> Self {
        Self { random, eta: 3 }
    }

    /// The rungs, the shortest trainings first. A rung has fewer trials where fewer of the one below were trained to the
    /// end.
    pub fn rungs(&self) -> Vec<Rung> {
        let Random { samples, epochs, .. } = self.random;
        let powers = std::iter::successors(Some(1_u64), |power| power.checked_mul(self.eta()));
        let powers: Vec<u64> = powers.take_while(|power| *power == 1 || *power <= samples.min(epochs)).collect();
        let shares = powers.iter().zip(powers.iter().rev());
        shares.map(|(fewer, shorter)| Rung { trials: samples / fewer, epochs: epochs / shorter }).collect()
    }

    fn eta(&self) -> u64 {
        self.eta.max(2)
    }
}

impl Sampler for Halving {
    fn trials(&self) -> u64 {
        self.rungs().iter().map(|rung| rung.trials).sum()
    }

    fn propose(&self, space: &Space, allowed: &Allowed<'_>, before: &[Trial]) -> Result<Next> {
        let rungs = self.rungs();
        let [first, others @ ..] = &rungs[..] else { return Ok(Next::End) };
        // A small space ends the first rung early.
        let drawn = before.iter().take_while(|trial| trial.proposal.parent.is_none()).count();
        if drawn == before.len() {
            let next = Random { epochs: first.epochs, ..self.random }.propose(space, allowed, before)?;
            if next != Next::End {
                return Ok(next);
            }
        }
        let (mut rung, mut above) = before.split_at(drawn);
        for Rung { epochs, .. } in others {
            if rung.iter().any(|trial| trial.end.is_none()) {
                return Ok(Next::Wait);
            }
            let mut best = ranked(rung);
            best.truncate((rung.len() / usize::try_from(self.eta()).unwrap_or(usize::MAX)).max(1));
            if let Some(parent) = best.get(above.len()) {
                let (genes, parent) = (parent.proposal.genes.clone(), Some(parent.number));
                return Ok(Next::Propose(Proposal { genes, epochs: *epochs, parent, refused: 0 }));
            }
            (rung, above) = above.split_at(best.len());
        }
        Ok(Next::End)
    }
}
