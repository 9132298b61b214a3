//! Why a group of ranks ended.

/// Why an operation of a group failed. The group is of no more use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A rank ended the group.
    #[error("rank {rank} ended the run: {reason}")]
    Aborted {
        /// The rank.
        rank: usize,
        /// Its reason.
        reason: String,
    },
    /// A rank is dead, or the way to it is.
    #[error("rank {rank} is gone: {reason}; see its own output, and go on with --resume from the last checkpoint")]
    Dead {
        /// The rank.
        rank: usize,
        /// How it was noticed.
        reason: String,
    },
    /// Ranks call different operations.
    #[error("rank {rank} {does}, and rank {other} {other_does}: they do not run the same program on the same network")]
    Unequal {
        /// A rank.
        rank: usize,
        /// Its operation.
        does: String,
        /// Another rank.
        other: usize,
        /// The other's operation.
        other_does: String,
    },
    /// The group was closed while an operation ran.
    #[error("the group of ranks is closed")]
    Closed,
    /// What sums on a device has failed.
    #[error("{0}")]
    Device(String),
    /// The group could not be formed.
    #[error("{0}")]
    Unformed(String),
}

/// Result of an operation of a group.
pub type Result<T> = std::result::Result<T, Error>;

impl From<Error> for candle_core::Error {
    fn from(error: Error) -> Self {
        Self::wrap(error)
    }
}
