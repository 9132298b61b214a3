//! What can go wrong with a weights file, each as one sentence.

use std::fmt;
use std::path::PathBuf;

use candle_core::DType;

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
         the first are {}",
        path.display(),
        list(names, names.len())
    )]
    UnknownNames {
        /// The file.
        path: PathBuf,
        /// Some of its names.
        names: Vec<String>,
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
    #[error("`{name}` in `{}` is {dtype:?}; weights are floating-point numbers", path.display())]
    NotFloat {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its number format.
        dtype: DType,
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

/// A parameter whose shape in the file is not the network's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongShape {
    /// Its name in the file.
    pub name: String,
    /// Its shape in the file.
    pub file: Vec<usize>,
    /// Its shape in the network.
    pub network: Vec<usize>,
}

/// How a file and a network differ. Names are the file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The file.
    pub path: PathBuf,
    /// The network's name.
    pub network: String,
    /// What the network needs and the file lacks.
    pub missing: Vec<String>,
    /// What the file has and the network knows nothing of.
    pub unexpected: Vec<String>,
    /// What both have, in different shapes.
    pub wrong_shape: Vec<WrongShape>,
}

/// How many names a message shows of each kind.
const SHOWN: usize = 4;

/// The first names, quoted, and how many more there are of `total`.
fn list(names: &[String], total: usize) -> String {
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if total > SHOWN {
        text += &format!(" and {} more", total - SHOWN);
    }
    text
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the weights of `{}` do not fit {}:", self.path.display(), self.network)?;
        let mut separator = " ";
        for (names, what) in [(&self.missing, "missing"), (&self.unexpected, "unexpected")] {
            if !names.is_empty() {
                write!(f, "{separator}{} {what} ({})", names.len(), list(names, names.len()))?;
                separator = "; ";
            }
        }
        if !self.wrong_shape.is_empty() {
            let shapes: Vec<_> = self
                .wrong_shape
                .iter()
                .take(SHOWN)
                .map(|wrong| {
                    format!("`{}` is {:?} in the file and {:?} in the network", wrong.name, wrong.file, wrong.network)
                })
                .collect();
            write!(f, "{separator}{} of wrong shape ({}", self.wrong_shape.len(), shapes.join(", "))?;
            if self.wrong_shape.len() > SHOWN {
                write!(f, " and {} more", self.wrong_shape.len() - SHOWN)?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}
