//! Sources of labelled pictures.

mod archive;
mod bytes;
mod cifar;
mod digits;
mod extension;
mod files;
mod folder;
mod ignored;
mod layout;
mod list;
mod litter;
mod open;
mod part;
mod samples;
mod shards;
mod split;
mod subset;
mod tar;
#[cfg(test)]
mod tests;
mod undivided;

use std::sync::Arc;

use image::RgbImage;

use super::decode::decode;
use super::error::Error;
use crate::random;
pub use digits::{DIGITS_ATTRIBUTION, digits};
pub(in crate::data) use files::{MAX_FILE_BYTES, check_length};
pub use ignored::Ignored;
pub use open::{open, open_pictures, open_to_measure, open_whole};
pub use split::{DEFAULT_VAL_FRACTION, Validation};
pub use subset::hold_out;

/// Labelled pictures, readable in any order, from any thread.
///
/// A sample's id is its index, which depends on nothing but the data set's contents.
pub trait Source: Send + Sync {
    /// The classes' names; a label is an index into them.
    fn classes(&self) -> &[String];

    /// How many samples there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The label of sample `index`.
    ///
    /// # Panics
    /// If `index` is not below [`Self::len`], here and below.
    fn label(&self, index: usize) -> usize;

    /// The name of sample `index` for people: a path, or a tar's path and the entry's.
    fn name(&self, index: usize) -> String;

    /// The encoded bytes of sample `index`. A source without encoded files encodes the picture losslessly.
    ///
    /// # Errors
    /// If the file cannot be read.
    fn read(&self, index: usize) -> Result<Vec<u8>, Error>;

    /// The picture of sample `index`. A source without encoded files overrides this.
    ///
    /// # Errors
    /// If the file cannot be read or is no picture.
    fn image(&self, index: usize) -> Result<RgbImage, Error> {
        decode(&self.read(index)?, &self.name(index))
    }

    /// The order in which a training epoch reads the samples: every index once, shuffled by seed and epoch alone.
    ///
    /// A source whose random reads are slow overrides this with an order that it can follow.
    fn order(&self, seed: u64, epoch: u64) -> Vec<usize> {
        random::order(seed, epoch, self.len())
    }
}

/// A data set, divided into parts.
pub struct Split {
    /// The part that the weights are fitted to.
    pub train: Arc<dyn Source>,
    /// The part that the weights are measured on, with the same classes.
    pub val: Arc<dyn Source>,
    /// The fraction set aside for `val`; `None` where the data set has a validation part of its own.
    pub val_fraction: Option<f64>,
    /// The files left out.
    pub ignored: Ignored,
}
