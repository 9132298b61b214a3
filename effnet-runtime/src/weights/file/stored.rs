//! A tensor before it is read.

use std::collections::BTreeMap;

use candle_core::DType;

/// Type and shape of a tensor in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Number format in the file.
    pub dtype: DType,
    /// Shape.
    pub shape: Vec<usize>,
    /// Place of its bytes.
    pub(super) place: Place,
}

/// A tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Readable(TensorInfo),
    /// A tensor in a number format that is not supported, by the format's name. Only asking for it is an error.
    Unread(String),
}

impl Stored {
    /// Type and shape, if it can be read.
    pub(super) fn info(&self) -> Option<&TensorInfo> {
        let Self::Readable(info) = self else { return None };
        Some(info)
    }

    /// Length of its texts in bytes.
    pub(super) fn text_len(&self) -> usize {
        match self {
            Self::Readable(TensorInfo { place: Place::Strided { storage: Storage::Entry(name), .. }, .. })
            | Self::Unread(name) => name.len(),
            Self::Readable(_) => 0,
        }
    }
}

pub(super) type Tensors = BTreeMap<String, Stored>;

/// Place of a tensor's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Contiguous, from this offset in the file.
    At(u64),
    /// A dataset of an HDF5 file, by its path.
    #[cfg(feature = "formats")]
    Dataset(String),
    /// Bytes of one of a checkpoint's files of tensors, and their checksum.
    #[cfg(feature = "formats")]
    Shard { shard: u32, offset: u64, checksum: u32 },
    /// In a storage, from this element on, with these strides in elements.
    Strided { storage: Storage, offset: usize, strides: Vec<usize> },
}

/// Place of numbers that several tensors of PyTorch's may be views of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// An entry of the archive.
    Entry(String),
    /// These bytes of the file.
    Span { start: u64, length: u64 },
}
