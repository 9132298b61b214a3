//! What can go wrong with a weights file, each as one sentence.

use std::path::PathBuf;

use super::mismatch::{Mismatch, list};
use super::names::Nearest;

use crate::sentence::sentence;

/// A failure to read, understand or write a weights file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is at the path.
    #[error("there is no weights file `{}`", .0.display())]
    NotFound(PathBuf),
    /// The operating system refused.
    #[error("cannot read the weights file `{}`: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// Neither a safetensors file nor a torch checkpoint.
    #[error("`{}` is not a weights file: {reason}", path.display())]
    NotWeights {
        /// The file.
        path: PathBuf,
        /// What it is instead, or what would have been needed.
        reason: String,
    },
    /// A weights file, but not a whole one.
    #[error("the weights file `{}` is damaged: {reason}; fetch or write it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// Its metadata is not what [`super::save`] writes.
    #[error("the metadata of `{}` cannot be read: {reason}", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: serde_json::Error,
    },
    /// The file has no metadata, and something was asked that only metadata tells.
    #[error(
        "`{}` does not say which network it belongs to (it was not written by effnet): name the variant or the table",
        .0.display()
    )]
    NoMetadata(PathBuf),
    /// Names of no known implementation.
    #[error(
        "`{}` has parameter names of no implementation that effnet knows (its own, WZMIAOMIAO's, torchvision's, timm's); \
         the first are {}{}",
        path.display(),
        list(names),
        nearest.as_ref().map_or_else(String::new, |nearest| format!("; {nearest}"))
    )]
    UnknownNames {
        /// The file.
        path: PathBuf,
        /// Its names.
        names: Vec<String>,
        /// The scheme that has most of them, if one has many.
        nearest: Option<Nearest>,
    },
    /// Several networks, and nothing says which one is meant.
    #[error("`{}` holds several networks, under {}: save the weights of one of them alone", path.display(), list(prefixes))]
    SeveralNetworks {
        /// The file.
        path: PathBuf,
        /// What stands in front of their names.
        prefixes: Vec<String>,
    },
    /// The names fit several conventions.
    #[error(
        "`{}` has timm's parameter names, and they do not tell how its convolutions pad: pass `--dialect timm-tf` for a \
         `tf_*` model, else `--dialect timm`",
        .0.display()
    )]
    DialectUnsaid(PathBuf),
    /// No such convention.
    #[error("there is no dialect `{0}`; there are torchvision, wzm, timm, timm-tf, keras and automl")]
    UnknownDialect(String),
    /// The network was built for weights of another convention.
    #[error(
        "the weights of `{}` {file}, and the network was built for weights that {network}: build it with the file's dialect",
        path.display()
    )]
    OtherDialect {
        /// The file.
        path: PathBuf,
        /// What the file's weights assume.
        file: String,
        /// What the network does.
        network: String,
    },
    /// File and network are not of the same architecture.
    #[error("{0}")]
    Mismatch(Box<Mismatch>),
    /// A weight that is not made of floats.
    #[error(
        "`{name}` in `{}` is {format}; weights are floating-point numbers, of 16, 32 or 64 bits",
        path.display()
    )]
    NotFloat {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its number format.
        format: String,
    },
    /// A weight that is NaN or infinite.
    #[error(
        "`{name}` in `{}` has a value that is NaN or infinite; take a file from before its training went wrong",
        path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The first such tensor, in the network's order.
        name: String,
    },
    /// The operating system refused.
    #[error("cannot write the weights file `{}`: {reason}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// The metadata has no JSON form (a number that is not finite).
    #[error("the metadata of `{}` cannot be written: {reason}", path.display())]
    Unserializable {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: serde_json::Error,
    },
    /// Candle failed.
    #[error("{}", sentence(.0))]
    Candle(candle_core::Error),
}

/// A result of this module.
pub type Result<T> = std::result::Result<T, Error>;

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Candle(error)
    }
}

impl From<Error> for candle_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Candle(error) => error,
            error => Self::wrap(error),
        }
    }
}
