//! Failures to read a file, before they name it.

use std::io::ErrorKind;
use std::path::Path;

use super::super::error::Error;

/// Why a file of one format could not be read. The caller adds the path.
#[derive(Debug)]
pub(super) enum Problem {
    NotWeights(String),
    Damaged(String),
    Unreadable(std::io::Error),
}

impl Problem {
    pub(super) fn of(self, path: &Path) -> Error {
        let path = path.to_path_buf();
        match self {
            Self::NotWeights(reason) => Error::NotWeights { path, reason },
            Self::Damaged(reason) => Error::Damaged { path, reason },
            Self::Unreadable(reason) => Error::Unreadable { path, reason },
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(reason: std::io::Error) -> Self {
        match reason.kind() {
            ErrorKind::UnexpectedEof => Self::Damaged("it ends too early".to_owned()),
            // The archive reader's kind of error for a wrong checksum.
            ErrorKind::InvalidData | ErrorKind::Other => Self::Damaged(reason.to_string()),
            _ => Self::Unreadable(reason),
        }
    }
}
