//! A network that an implementation has no names for.

use super::Scheme;

/// Why a scheme cannot name a network's parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{scheme} has no names for {part}: {reason}")]
pub struct Unnameable {
    /// The scheme.
    pub scheme: Scheme,
    /// The part of the network: `the blocks of row 3`.
    pub part: String,
    /// What the implementation lacks.
    pub reason: String,
}

impl Unnameable {
    /// A row of the table, by its index.
    pub(super) fn row(scheme: Scheme, row: usize, reason: impl Into<String>) -> Self {
        Self { scheme, part: format!("the blocks of row {}", row + 1), reason: reason.into() }
    }

    /// The head.
    pub(super) fn head(scheme: Scheme, reason: impl Into<String>) -> Self {
        Self { scheme, part: "the head".to_owned(), reason: reason.into() }
    }
}
