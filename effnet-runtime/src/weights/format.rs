//! The formats that weights are written in, by their files' names.

use std::path::Path;

use super::error::{Error, Result};

/// A format of weights files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Safetensors,
    /// PyTorch's zip container.
    Torch,
    /// Keras 3's `.weights.h5`.
    KerasWeights,
    /// Keras' older `.h5`.
    KerasH5,
}

/// Ends of files' names; a longer one stands before those that it ends with.
const ENDS: [(&str, Format); 6] = [
    (".safetensors", Format::Safetensors),
    (".pth", Format::Torch),
    (".pt", Format::Torch),
    (".bin", Format::Torch),
    (".weights.h5", Format::KerasWeights),
    (".h5", Format::KerasH5),
];

impl Format {
    /// The format of a file of this name.
    ///
    /// # Errors
    /// When the name ends like no format's.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let found = ENDS.into_iter().find(|(end, _)| name.len() > end.len() && name.ends_with(end));
        found.map(|(_, format)| format).ok_or_else(|| Error::NoFormat { path: path.to_path_buf() })
    }

    /// Whether it is one of Keras', which has its names alone.
    pub(crate) const fn is_keras(self) -> bool {
        matches!(self, Self::KerasWeights | Self::KerasH5)
    }
}
