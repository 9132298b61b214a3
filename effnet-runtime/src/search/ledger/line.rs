//! A line of a ledger.

use serde::{Deserialize, Serialize};

use crate::search::trial::{End, Proposal};

/// A line of `trials.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::search) enum Line {
    /// A trial has begun, or was to begin when its process ended.
    Begun {
        /// Its number, from 0: those before have begun.
        trial: u64,
        /// What is trained.
        proposal: Proposal,
        /// Its table, in the macro's syntax: the network whatever becomes of the space.
        table: String,
    },
    /// A trial has ended.
    Ended {
        /// Its number.
        trial: u64,
        /// What came of it.
        end: End,
        /// Seconds that it took, by the processes that ended it and were killed at it.
        seconds: f64,
    },
}
