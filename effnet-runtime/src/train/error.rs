//! Errors that end a run, each one sentence.

use std::path::PathBuf;

use crate::device::DeviceError;
use crate::environment::BadVariable;
use crate::sentence::sentence;
use crate::{collective, data, weights};

/// A failure to train, evaluate or keep a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data set, or one of its files.
    #[error(transparent)]
    Data(#[from] data::Error),
    /// A weights file, a checkpoint among them.
    #[error(transparent)]
    Weights(#[from] weights::Error),
    /// Candle.
    #[error("{}", sentence(.0))]
    Tensor(candle_core::Error),
    /// The group of ranks that train together.
    #[error(transparent)]
    Ranks(#[from] collective::Error),
    /// A device that is not available.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// An environment variable with an invalid value.
    #[error(transparent)]
    Environment(#[from] BadVariable),
    /// A setting that is unknown or out of bounds, or settings that do not fit together.
    #[error("{0}")]
    Setting(String),
    /// A loss or gradient that is not finite.
    #[error(
        "the run stopped at step {step}, at a learning rate of {rate}: {what}; no weight has changed in this step: go \
         on from the last checkpoint with a lower --lr in a new run, or look at the images of this step"
    )]
    NotFinite {
        /// Number of the step, from 1.
        step: u64,
        /// Its learning rate.
        rate: f64,
        /// The rest of the sentence: what is not finite.
        what: String,
    },
    /// Logits, or their loss, that are not finite.
    #[error(
        "the logits of sample {sample} are not finite, or their loss: the weights are damaged, or diverged while they \
         were trained"
    )]
    NotFiniteOutput {
        /// The sample's id: an index into the source.
        sample: u64,
    },
    /// A validation that is not finite.
    #[error(
        "the run stopped after the steps of epoch {epoch}, of which no checkpoint is kept: {what}; begin a new run with \
         a lower --lr{}",
        best.as_ref().map_or_else(String::new, |best| format!(", and, if you like, with the best weights so far: --pretrained {}", best.display()))
    )]
    NotFiniteValidation {
        /// The epoch, from 1.
        epoch: u64,
        /// The rest of the sentence: what is not finite.
        what: String,
        /// The best checkpoint, if there is one.
        best: Option<PathBuf>,
    },
    /// A file or folder of the run that cannot be read or written.
    #[error("cannot {action} `{}`: {reason}{}", path.display(), hint(reason))]
    Folder {
        /// The action: `create`, `write`, `read`, `remove` or `lock`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// The run folder already exists.
    #[error(
        "`{}` exists already: add --resume to continue the run in it, or name another folder with --output",
        .0.display()
    )]
    Exists(PathBuf),
    /// Another process trains in the run folder.
    #[error("another process is training in `{}`: wait for it to end, or name another folder with --output", .0.display())]
    Locked(PathBuf),
    /// The folder has no run to resume.
    #[error("there is no run in `{}` to resume: leave out --resume to start one there", .0.display())]
    NoRun(PathBuf),
    /// The run to resume trains another network.
    #[error(
        "the run in `{}` trains `{run}`, not `{asked}`: name `{run}`, or another folder with --output",
        folder.display()
    )]
    OtherModel {
        /// The run folder.
        folder: PathBuf,
        /// The run's network.
        run: String,
        /// The requested one.
        asked: String,
    },
    /// A resume asks for other settings than the run began with.
    #[error(
        "the run in `{}` has {key} = {run}, not {asked}: a resumed run keeps its settings; leave the setting out, or \
         start a new run with another --output",
        folder.display()
    )]
    OtherSetting {
        /// The run folder.
        folder: PathBuf,
        /// The setting.
        key: String,
        /// Its value in the run.
        run: String,
        /// The requested one.
        asked: String,
    },
    /// The data set differs from the one that the run began with.
    #[error("the data set has changed since the run in `{}` began: {what}", folder.display())]
    OtherData {
        /// The run folder.
        folder: PathBuf,
        /// The rest of the sentence: what differs.
        what: String,
    },
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Tensor(error)
    }
}

#[cfg(feature = "report")]
impl From<crate::page::Undrawn> for Error {
    fn from(error: crate::page::Undrawn) -> Self {
        Self::Setting(error.to_string())
    }
}

impl Error {
    /// Builds the error of an action on a path, for `map_err`.
    pub(crate) fn folder(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |reason| Self::Folder { action, path, reason }
    }
}

fn hint(reason: &std::io::Error) -> &'static str {
    use std::io::ErrorKind::{FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    match reason.kind() {
        PermissionDenied | ReadOnlyFilesystem => "; choose another place with --output",
        StorageFull | QuotaExceeded => "; free some space and continue with --resume",
        FileTooLarge => "; raise the limit on the size of files (ulimit -f) and continue with --resume",
        _ => "",
    }
}

/// Result of training.
pub type Result<T> = std::result::Result<T, Error>;
