//! Random search.

use super::draws::Draws;
use super::{Allowed, Next, Sampler};
use crate::search::error::Result;
use crate::search::space::Space;
use crate::search::trial::{Proposal, Trial};

/// Random search: every network that may be trained and was not drawn yet, with the same probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random {
    /// The seed of its draws.
    pub seed: u64,
    /// How many networks are trained.
    pub samples: u64,
    /// For how many epochs each.
    pub epochs: u64,
}

impl Sampler for Random {
    fn trials(&self) -> u64 {
        self.samples
    }

    fn propose(&self, space: &Space, allowed: &Allowed<'_>, before: &[Trial]) -> Result<Next> {
        if before.len() as u64 >= self.samples {
            return Ok(Next::End);
        }
        self.draw(Draws::new(self.seed, space, allowed, before))
    }
}

impl Random {
    /// Proposes a network of these draws.
    pub(super) fn draw(&self, mut draws: Draws<'_>) -> Result<Next> {
        Ok(match draws.network()? {
            Some(genes) => {
                Next::Propose(Proposal { genes, epochs: self.epochs, parent: None, refused: draws.refused() })
            }
            None => Next::End,
        })
    }
}
