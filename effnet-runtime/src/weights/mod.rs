//! Weight files: our own, and those of other implementations.
//!
//! [`WeightsFile::open`] reads a safetensors file, or a checkpoint of PyTorch, Keras or TensorFlow; the names of its tensors
//! identify their implementation ([`Scheme`]). [`load`] fills a network from it, strictly. A file that [`save`] wrote carries
//! its own [`Metadata`]: the network's table, the labels, and the weights' [`Dialect`](crate::Dialect). For a file of another
//! implementation the dialect follows from the names, or must be said ([`Said`]): a [`Convention`], or a dialect of the
//! caller's own.
//!
//! [`Source`] finds a file in a folder, or in Hugging Face's cache; timm's `config.json` beside it says its dialect
//! ([`TimmConfig`]). [`export_as`] writes a network for another implementation.
//!
//! [`Params::save`](crate::Params::save) and [`Params::load`](crate::Params::load) are for a whole program, with networks
//! under prefixes and candle's own layers.
//!
//! Files are read tensor by tensor, never mapped: a file that changes under a mapping would end the process. Loading
//! needs the network's own memory and that of the largest tensor.

mod atomic;
mod channels;
mod convention;
mod error;
mod export_as;
mod file;
mod format;
mod load;
mod metadata;
mod mismatch;
mod names;
mod normalization;
mod program;
mod published;
mod said;
mod save;
mod source;
mod timm_config;
mod write;

pub use atomic::write_atomically;
#[cfg(feature = "train")]
pub(crate) use atomic::{TEMPORARY_PREFIX, rename};
pub use convention::Convention;
pub use error::{Error, Result};
pub use export_as::export_as;
pub use file::{TensorInfo, WeightsFile};
pub(crate) use load::check;
pub use load::{Loaded, Purpose, load, read_network};
pub use metadata::{FORMAT, KEY, Metadata, TRAINING_PREFIX};
pub use mismatch::{Mismatch, WrongShape};
pub use names::{Layout, NamePair, Nearest, Scheme, Unnameable};
#[cfg(all(test, feature = "train"))]
pub(crate) use published::{Published, Series};
pub use said::Said;
pub use save::{AsTensor, save};
pub use source::Source;
pub use timm_config::TimmConfig;
pub use write::{Named, NumberFormat, write_torch};
#[cfg(feature = "formats")]
pub use write::{write_keras_h5, write_keras_weights};

#[cfg(test)]
mod tests;
