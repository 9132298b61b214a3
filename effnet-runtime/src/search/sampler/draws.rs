//! Draws until a network is new and may be trained.

use std::collections::{BTreeMap, HashSet};

use effnet_spec::thousands;

use super::Allowed;
use crate::random::{Purpose, Stream};
use crate::search::error::{Error, Result};
use crate::search::space::{Limit, Space};
use crate::search::trial::Trial;

/// Draws in a row that may be refused. In a large space, that many tell that hardly anything is left.
const MOST: u64 = 100_000;

/// Draws in a row that may be refused before a small space is looked through as a whole.
const MOST_OF_SMALL: u64 = 1_000;

/// Networks of a space that is looked through as a whole where draws find nothing.
const SMALL: u128 = 1 << 16;

/// What a stream's draws decide. The numbers are fixed: a search's trials depend on them.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// Every gene of a network.
    Network = 0,
    /// The members of a population that compete.
    Tournament = 1,
    /// The gene that changes, and to what.
    Mutation = 2,
    /// The place among the networks that are left of a small space.
    Left = 3,
}

/// The draws for one trial.
pub(super) struct Draws<'a> {
    space: &'a Space,
    allowed: &'a Allowed<'a>,
    seed: u64,
    number: u64,
    known: HashSet<&'a [u16]>,
    /// Networks that were drawn before.
    repeated: u64,
    /// Networks that were over a limit.
    refused: BTreeMap<Limit, u64>,
}

impl<'a> Draws<'a> {
    /// The draws for the trial behind those `before`.
    pub(super) fn new(seed: u64, space: &'a Space, allowed: &'a Allowed<'a>, before: &'a [Trial]) -> Self {
        let known = before.iter().map(|trial| &trial.proposal.genes[..]).collect();
        Self { space, allowed, seed, number: before.len() as u64, known, repeated: 0, refused: BTreeMap::new() }
    }

    /// The stream of one part of an attempt.
    pub(super) fn stream(&self, attempt: u64, part: Part) -> Stream {
        Stream::new(self.seed, Purpose::Search, self.number, attempt, part as u64)
    }

    /// Whether a network is new and may be trained. What is refused is counted.
    pub(super) fn accept(&mut self, genes: &[u16]) -> Result<bool> {
        if self.known.contains(genes) {
            self.repeated += 1;
            return Ok(false);
        }
        let answer = (self.allowed)(&self.space.spec(genes, "candidate")?);
        if let Err(refusal) = answer {
            *self.refused.entry(refusal.limit).or_default() += 1;
        }
        Ok(answer.is_ok())
    }

    /// How many were refused so far.
    pub(super) fn refused(&self) -> u64 {
        self.repeated + self.refused.values().sum::<u64>()
    }

    /// A network that is new and may be trained, each with the same probability; none if a small space has no other.
    ///
    /// # Errors
    /// When a large space seems to have no other, or a small one never had any.
    pub(super) fn network(&mut self) -> Result<Option<Vec<u16>>> {
        let is_small = self.space.size() <= SMALL;
        for attempt in 0..if is_small { MOST_OF_SMALL } else { MOST } {
            let genes = self.space.draw(&self.stream(attempt, Part::Network));
            if self.accept(&genes)? {
                return Ok(Some(genes));
            }
        }
        if !is_small {
            return Err(self.exhausted());
        }
        // Looking through the space refuses nothing that was drawn.
        let drawn = (std::mem::take(&mut self.repeated), std::mem::take(&mut self.refused));
        let mut left = Vec::new();
        for genes in (0..self.space.size()).filter_map(|index| self.space.nth(index)) {
            if self.accept(&genes)? {
                left.push(genes);
            }
        }
        if left.is_empty() && self.known.is_empty() {
            return Err(self.exhausted());
        }
        (self.repeated, self.refused) = drawn;
        let place = self.stream(0, Part::Left).below(0, left.len() as u64) as usize;
        Ok((!left.is_empty()).then(|| left.swap_remove(place)))
    }

    fn exhausted(&self) -> Error {
        let over = self.refused.iter().map(|(limit, count)| format!("{} are over `{limit}`", thousands(*count)));
        let repeated = (self.repeated > 0).then(|| format!("{} were drawn before", thousands(self.repeated)));
        let why: Vec<String> = over.chain(repeated).collect();
        Error::Exhausted { space: self.space.name().to_owned(), drawn: self.refused(), why: why.join(", ") }
    }
}
