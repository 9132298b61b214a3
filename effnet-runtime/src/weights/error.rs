//! Failures with a weights file, each as one sentence.

use std::path::PathBuf;

use super::mismatch::{Mismatch, list};
use super::names::{Nearest, Unnameable};
use crate::dialect::Dialect;
use crate::sentence::sentence;

/// A failure to read, understand or write a weights file, which is at `path`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the sentence above says what a field is")]
pub enum Error {
    /// Nothing is at the path.
    #[error("there is no weights file `{}`", .0.display())]
    NotFound(PathBuf),
    /// The operating system refused, for this reason.
    #[error("cannot read the weights file `{}`: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: std::io::Error },
    /// A file of another format, or of none: the reason says what it is instead, or what is needed.
    #[error("`{}` is not a weights file: {reason}", path.display())]
    NotWeights { path: PathBuf, reason: String },
    /// An incomplete weights file: the reason says what does not fit.
    #[error("the weights file `{}` is damaged: {reason}; fetch or write it again", path.display())]
    Damaged { path: PathBuf, reason: String },
    /// Its metadata is not what [`super::save`] writes: the reason says what does not fit.
    #[error("the metadata of `{}` cannot be read: {reason}", path.display())]
    Metadata { path: PathBuf, reason: serde_json::Error },
    /// A file without metadata, for a question that only metadata answers.
    #[error(
        "`{}` does not say which network it belongs to (it was not written by effnet): name the variant or the table",
        .0.display()
    )]
    NoMetadata(PathBuf),
    /// Parameter names of no known implementation. The nearest scheme is the one that most of the names belong to, if many
    /// do.
    #[error(
        "`{}` has parameter names of no implementation that effnet knows (its own, WZMIAOMIAO's, torchvision's, timm's, lukemelas', Keras', automl's); \
         the first are {}{}",
        path.display(),
        list(names),
        nearest.as_ref().map_or_else(String::new, |nearest| format!("; {nearest}"))
    )]
    UnknownNames { path: PathBuf, names: Vec<String>, nearest: Option<Nearest> },
    /// Several networks, under these prefixes of their names, where nothing says which one to take.
    #[error("`{}` holds several networks, under {}: save the weights of one of them alone", path.display(), list(prefixes))]
    SeveralNetworks { path: PathBuf, prefixes: Vec<String> },
    /// Names that several conventions use: name one of [`super::Convention`], whose names and dialects would be
    /// these.
    #[error(
        "`{}` has timm's parameter names, and they do not tell how its convolutions pad and its images are prepared: put \
         timm's `config.json` beside it, or say the dialect, {}",
        path.display(),
        listed(.choices)
    )]
    DialectUnsaid { path: PathBuf, choices: Box<[(&'static str, Dialect); 2]> },
    /// A `config.json` of timm's that cannot be read or says what effnet does not do: the reason says what.
    #[error("the `config.json` of timm's at `{}` {reason}", path.display())]
    TimmConfig { path: PathBuf, reason: String },
    /// A place that has no weights, as it was said: the reason says what was looked for where.
    #[error("`{said}`: {reason}")]
    Source { said: String, reason: String },
    /// A network that timm has no name for: the reason says what differs.
    #[error("`{network}` has no name with timm, and a `config.json` needs one: {reason}")]
    NoTimmName { network: String, reason: String },
    /// A convention that does not exist.
    #[error("there is no dialect `{name}`: {expected}")]
    UnknownDialect { name: String, expected: String },
    /// A network built for weights of another convention: what the file's weights assume, and what the network does.
    #[error(
        "the weights of `{}` {file}, and the network was built for weights that {network}: build it with the file's dialect",
        path.display()
    )]
    OtherDialect { path: PathBuf, file: String, network: String },
    /// A file and a network of different architectures.
    #[error("{0}")]
    Mismatch(Box<Mismatch>),
    /// A weight of this name whose number format is not floating-point.
    #[error(
        "`{name}` in `{}` is {format}; weights are floating-point numbers, of 16, 32 or 64 bits",
        path.display()
    )]
    NotFloat { path: PathBuf, name: String, format: String },
    /// A weight that is NaN or infinite: the first such tensor, in the network's order.
    #[error(
        "`{name}` in `{}` has a value that is NaN or infinite; take a file from before its training went wrong",
        path.display()
    )]
    NotFinite { path: PathBuf, name: String },
    /// The operating system refused, for this reason.
    #[error("cannot write the weights file `{}`: {reason}", path.display())]
    Unwritable { path: PathBuf, reason: std::io::Error },
    /// A file to write, whose name tells no format.
    #[error(
        "the name of `{}` tells no format: end it in .safetensors, .pth, .pt or .bin (PyTorch), .weights.h5 or .h5 (Keras)",
        path.display()
    )]
    NoFormat { path: PathBuf },
    /// Weights that a format cannot hold, for this reason.
    #[error("cannot write `{}`: {reason}", path.display())]
    CannotExport { path: PathBuf, reason: String },
    /// Metadata without a JSON form (a number that is not finite), for this reason.
    #[error("the metadata of `{}` cannot be written: {reason}", path.display())]
    Unserializable { path: PathBuf, reason: serde_json::Error },
    /// A network that an implementation has no names for.
    #[error(transparent)]
    Unnameable(#[from] Unnameable),
    /// A failure of candle.
    #[error("{}", sentence(.0))]
    Candle(candle_core::Error),
}

/// The dialects to choose from, each with what is to be known of the model.
fn listed(choices: &[(&str, Dialect); 2]) -> String {
    let [converted, own] = choices;
    let dialect =
        |(convention, dialect): &(&str, Dialect), model: &str| format!("`{convention}` for {model} ({dialect})");
    format!("{} or {}", dialect(converted, "a `tf_*` model"), dialect(own, "another"))
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
