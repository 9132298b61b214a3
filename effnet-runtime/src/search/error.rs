//! Errors of a search, each one sentence.

use std::path::PathBuf;

use effnet_spec::thousands;

use crate::{data, train, weights};

/// A failure of a search.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The training of a trial, or its data.
    #[error(transparent)]
    Train(#[from] train::Error),
    /// A file or folder of the search that cannot be read or written.
    #[error("cannot {action} `{}`: {reason}", path.display())]
    Folder {
        /// The action: `create`, `write`, `read`, `remove` or `lock`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// A ledger that was changed by something else than a search.
    #[error("`{}`, line {line}, is no line of a search's ledger: {reason}", path.display())]
    Ledger {
        /// The ledger.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder without a search.
    #[error("there is no search in `{}`: name its folder, or begin one with `effnet search`", .0.display())]
    NoSearch(PathBuf),
    /// Settings that do not fit, or make no sense.
    #[error("{0}")]
    Setting(String),
    /// A space's text that says no space.
    #[error("the space `{space}` is wrong in {place}: {what}")]
    Space {
        /// The space.
        space: String,
        /// The line, the stage or the part of the text.
        place: String,
        /// The rest of the sentence: what is wrong, and what is allowed.
        what: String,
    },
    /// A name that is no space's.
    #[error("there is no space `{name}`: {expected}, or a file that ends in .toml")]
    NoSpace {
        /// The name.
        name: String,
        /// The spaces that there are.
        expected: String,
    },
    /// Genes that name no network of the space.
    #[error("genes {genes:?} name no network of the space `{space}`, {what}: they are another space's")]
    Genes {
        /// The genes.
        genes: Vec<u16>,
        /// The space.
        space: String,
        /// The rest of the sentence: what the space has.
        what: String,
    },
    /// A space in which no network was found that may be trained.
    #[error(
        "of {} networks that were drawn from the space `{space}` none is left to train: {why}; raise the limits, or \
         give its stages more choices",
        thousands(*drawn)
    )]
    Exhausted {
        /// The space.
        space: String,
        /// Networks that were drawn, one after the other.
        drawn: u64,
        /// How many of them each limit refused, and how many were drawn before.
        why: String,
    },
}

/// Result of a search.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Makes an error of the system's reason why an action on a file or folder failed.
    pub(super) fn folder(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |reason| Self::Folder { action, path, reason }
    }
}

impl From<data::Error> for Error {
    fn from(error: data::Error) -> Self {
        Self::Train(error.into())
    }
}

#[cfg(feature = "report")]
impl From<crate::page::Undrawn> for Error {
    fn from(error: crate::page::Undrawn) -> Self {
        Self::Setting(error.to_string())
    }
}

impl From<weights::Error> for Error {
    fn from(error: weights::Error) -> Self {
        Self::Train(error.into())
    }
}
