//! One network that a search looks at, from its proposal to its outcome.

use serde::{Deserialize, Serialize};

/// What a sampler proposes to train.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The network: a position in each of the space's lists of choices, in their order.
    pub genes: Vec<u16>,
    /// Passes over the training images.
    pub epochs: u64,
    /// The earlier trial that this one comes from: the one it mutates, or the shorter training of the same network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// Networks that were drawn before it and refused, for a limit of the space or as drawn already.
    #[serde(default)]
    pub refused: u64,
}

/// What a network came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Share of the held-out images whose likeliest class is theirs, in 0..=1, after the last epoch.
    pub accuracy: f64,
    /// Time of a training step, or of an inference, in times of the reference network's.
    pub time: f64,
    /// The same time in milliseconds, where a clock measured it: for people, as it changes with the machine's load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<f64>,
    /// Trainable parameters, with a classifier for the data's classes.
    pub params: u64,
    /// Multiply-accumulates of one image at the size of training.
    pub macs: u64,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It was trained.
    Measured {
        /// What it came to.
        outcome: Outcome,
        /// What the search maximises.
        reward: f64,
    },
    /// It was not, or not to the end: it takes longer than the space allows, or its loss was not finite.
    Failed {
        /// Why, as a sentence.
        reason: String,
    },
}

/// A trial of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Its place among all, from 0.
    pub number: u64,
    /// What is trained.
    pub proposal: Proposal,
    /// What came of it; none while it is under way.
    pub end: Option<End>,
}

impl Trial {
    /// The reward of a trial that was trained.
    pub fn reward(&self) -> Option<f64> {
        match self.end {
            Some(End::Measured { reward, .. }) => Some(reward),
            Some(End::Failed { .. }) | None => None,
        }
    }

    /// What a trial that was trained came to.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.end {
            Some(End::Measured { outcome, .. }) => Some(outcome),
            Some(End::Failed { .. }) | None => None,
        }
    }
}
