//! Image files to batches.
//!
//! A [`Source`] is labelled pictures; [`open`] makes two of them, for training and validation, from a folder or from a
//! tar of one, and [`digits`] from the archive that is compiled in. A [`Loader`] reads, decodes and transforms them on
//! threads, and is an iterator over [`Batch`]es. A [`TrainTransform`] cuts out, resizes and mirrors, distorts by a
//! [`Policy`], normalises and erases; a [`Mix`] mixes pairs of a batch; an [`EvalTransform`] does what a dialect's weights
//! expect.
//!
//! A data set is laid out in either of two ways, in a folder or in a tar (plain or gzip):
//!
//! ```text
//! train/<class>/<any depth>/<image>        <class>/<any depth>/<image>
//! val/<class>/<any depth>/<image>          (a fraction of each class is set aside for validation)
//! ```
//!
//! Classes are numbered in the byte order of their folders' names. Images are the files that end in `.jpg`, `.jpeg`,
//! `.png`, `.webp`, `.gif` or `.bmp`; others and hidden files are left out and counted.
//!
//! ```no_run
//! use std::sync::Arc;
//! use effnet_runtime::data::{self, Loader, LoaderOptions, Normalise, TrainTransform};
//!
//! # fn main() -> Result<(), data::Error> {
//! let split = data::digits()?;
//! let transform = TrainTransform::new(64, Normalise::new(3, &[0.5], &[0.5])?);
//! let order = data::order(0, 0, split.train.len());
//! for batch in Loader::new(split.train, Arc::new(transform), order, &LoaderOptions::new(32))? {
//!     let batch = batch?;
//!     println!("{:?} {:?}", batch.images.shape(), batch.labels);
//! }
//! # Ok(())
//! # }
//! ```

mod augment;
mod check;
mod decode;
mod error;
mod loader;
mod mix;
mod panics;
mod source;
mod transform;

pub use crate::dialect::Fit;
pub use augment::{EraseMode, Erasing, Policy};
pub use check::{BadFile, check};
pub use decode::{MAX_DECODED_BYTES, MAX_SIDE, decode};
pub use error::Error;
pub use image::RgbImage;
pub use loader::{Batch, LastBatch, Loader, LoaderOptions, OnBadImage, Skipped, order};
pub use mix::Mix;
pub use source::{
    DEFAULT_VAL_FRACTION, DIGITS_ATTRIBUTION, Ignored, Source, Split, Validation, digits, open, open_whole,
};
pub use transform::{Draw, EvalTransform, Normalise, Part, Scratch, TrainTransform, Transform};
