//! Errors of a search, each one sentence.

use std::path::PathBuf;

use effnet_spec::thousands;

/// A failure of a search.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
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
    /// A file that cannot be read.
    #[error("cannot read `{}`: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
}

/// Result of a search.
pub type Result<T> = std::result::Result<T, Error>;
