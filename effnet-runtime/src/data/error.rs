use std::any::Any;
use std::fmt;
use std::io;

use crate::sentence::sentence;

/// A failure between a data set and a batch. Each message is one sentence that names the thing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is where the data set should be.
    #[error("there is no data set at {path}: give a folder, a tar, a CSV list or a pattern of shards that exists")]
    Missing {
        /// The path as it was given.
        path: String,
    },
    /// The folder or tar can be read, but its files don't make a data set.
    #[error("{origin} {reason}")]
    Layout {
        /// The folder or tar file.
        origin: String,
        /// The rest of a sentence that begins with the origin: what is wrong and what to do.
        reason: String,
    },
    /// The operating system refused.
    #[error("cannot read {name}: {reason}")]
    File {
        /// The file.
        name: String,
        /// The system's reason.
        reason: io::Error,
    },
    /// A file is not a picture that can be decoded.
    #[error("cannot decode {name}: {reason}")]
    Image {
        /// The file.
        name: String,
        /// Why, and what to do where that is known.
        reason: String,
    },
    /// A loader thread panicked: a defect of this crate, of a source or of a transform, not of the file.
    #[error("a loader thread panicked on {name}: {reason}")]
    Panic {
        /// The file that the thread worked on.
        name: String,
        /// The panic's message.
        reason: String,
    },
    /// An option has a value that makes no sense.
    #[error("{0}")]
    Option(String),
    /// candle could not make the batch's tensor.
    #[error("{}", sentence(.0))]
    Tensor(candle_core::Error),
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Tensor(error)
    }
}

impl Error {
    /// The file that is to blame, if one is: its path, or the tar's path and the entry's.
    #[cfg(test)]
    pub(crate) fn file(&self) -> Option<&str> {
        match self {
            Self::File { name, .. } | Self::Image { name, .. } | Self::Panic { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Whether the fault is in a single file, so that a run may go on without it.
    pub fn is_bad_file(&self) -> bool {
        matches!(self, Self::File { .. } | Self::Image { .. })
    }

    pub(crate) fn image(name: &str, reason: impl fmt::Display) -> Self {
        Self::Image { name: name.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn layout(origin: &str, reason: impl Into<String>) -> Self {
        Self::Layout { origin: origin.to_owned(), reason: reason.into() }
    }

    /// Names the file that the system refuses, for `map_err`.
    pub(crate) fn file_error(name: impl fmt::Display) -> impl FnOnce(io::Error) -> Self {
        move |reason| Self::File { name: name.to_string(), reason }
    }

    /// Refuses an option unless it makes sense.
    pub(crate) fn require(makes_sense: bool, message: impl FnOnce() -> String) -> Result<(), Self> {
        if makes_sense { Ok(()) } else { Err(Self::Option(message())) }
    }
}

/// The text of a caught panic.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
