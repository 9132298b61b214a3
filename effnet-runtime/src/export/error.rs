//! Failures of an export, each as one sentence.

use std::path::PathBuf;

use crate::sentence::sentence;
use crate::weights;

/// A failure to export a network, or to read what was exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the sentence above says what a field is")]
pub enum Error {
    /// The network's weights cannot be read.
    #[error(transparent)]
    Weights(#[from] weights::Error),
    /// Images of no pixels, or none of them.
    #[error("an exported network takes at least 1 image of at least 1 pixel a side: say a batch and a size above 0")]
    NoImages,
    /// A value that the number format cannot hold.
    #[error("`{0}` has a value beyond 65504, the largest of f16: export it in f32")]
    BeyondF16(String),
    /// A layer whose input no image has shown.
    #[error("nothing is known of what `{0}` reads: calibrate on at least one image, with this network")]
    Uncalibrated(String),
    /// A file of int8, where only images tell whether it is right.
    #[error("int8 says nothing of random images: compare it with the engine on real ones")]
    NeedsImages,
    /// The operating system refused to write, for this reason.
    #[error("cannot write `{}`: {reason}", path.display())]
    Unwritable { path: PathBuf, reason: std::io::Error },
    /// The operating system refused to read, for this reason.
    #[error("cannot read `{}`: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: std::io::Error },
    /// A file that is none of ours, for this reason.
    #[error("`{}` is no ONNX file as effnet writes them: {reason}", path.display())]
    Foreign { path: PathBuf, reason: String },
    /// A graph that effnet does not write, for this reason: effnet runs its own alone.
    #[error("effnet cannot run this ONNX graph, which it did not write: {0}")]
    Unknown(String),
    /// Results of a graph that differ from the engine's by more than rounding: by this much, in standard deviations of the
    /// engine's, where so much is allowed.
    #[error(
        "its results differ from the engine's by {error:.1e} of their standard deviation, and rounding makes {tolerance:.0e}: \
         write it again, and report this if that does not help"
    )]
    Differs { error: f64, tolerance: f64 },
    /// A failure of candle.
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
