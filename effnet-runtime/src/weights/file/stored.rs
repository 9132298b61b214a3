//! What is known of a tensor before it is read.

use std::collections::BTreeMap;

use candle_core::DType;

/// Type and shape of a tensor in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Number format in the file.
    pub dtype: DType,
    /// Shape.
    pub shape: Vec<usize>,
    /// Where its bytes are.
    pub(super) place: Place,
}

/// A tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Readable(TensorInfo),
    /// A tensor in a number format, here by name, that nobody here reads. It is an error only for who asks for it.
    Unread(String),
}

impl Stored {
    /// Bytes of the texts that it holds.
    pub(super) fn text_len(&self) -> usize {
        match self {
            Self::Readable(TensorInfo { place: Place::Entry { name, .. }, .. }) | Self::Unread(name) => name.len(),
            Self::Readable(_) => 0,
        }
    }
}

pub(super) type Tensors = BTreeMap<String, Stored>;

/// Where a tensor's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Contiguous, from this byte of the file.
    At(u64),
    /// In an entry of the archive, from this element, with these strides (in elements).
    Entry { name: String, offset: usize, strides: Vec<usize> },
}
