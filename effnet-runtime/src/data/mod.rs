//! Image files to batches.
//!
//! A [`Source`] holds labelled pictures. [`open`] makes two sources from a path, one for training and one for
//! validation, and [`digits`] makes them from the archive that is compiled in. A [`Loader`] reads, decodes and
//! transforms pictures on threads, and iterates over [`Batch`]es. A [`TrainTransform`] crops, resizes and mirrors,
//! distorts by a [`Policy`], normalises and erases; a [`Mix`] mixes pairs of a batch; an [`EvalTransform`] does what a
//! dialect's weights expect.
//!
//! The contents of a path tell what it is:
//!
//! | path | contents | validation part |
//! |---|---|---|
//! | folder, `.tar`, `.tar.gz` | `<class>/<any depth>/<image>` | a fraction of each class is set aside |
//! | the same | `train/<class>/…` and `val/<class>/…` | `val` |
//! | `list.csv` | columns `path` (relative to the list), `label` (a class's name) and, if wanted, `split` (`train`, `val`) | as `split` says, or a fraction |
//! | folder of `.tar`, one `.tar`, or a pattern as `train-{0000..0012}.tar` | WebDataset shards | a fraction |
//! | folder of `train/*.tar` and `val/*.tar`, or of `train-*.tar` and `val-*.tar` | WebDataset shards | `val` |
//! | `cifar-10-batches-bin`, `cifar-100-binary`, or the `.tar.gz` of one as it is distributed | CIFAR's binary version | its test set |
//!
//! Parts are known by their usual names, in any case: `training` and `trainval` for `train`; `valid`, `validation`,
//! `dev`, `eval` and `evaluation` for `val`; `test` and `testing`; each also as `training_set` or `train_images`, and
//! two parts of one data set as `seg_train` and `seg_test`. The test part serves for validation where there is no other
//! and its classes are among those to train on; otherwise it is left out. A folder with a part's name that has images,
//! but no folders of images, is a class. Folders that all hold the same two or more folders are refused: they are parts
//! by other names.
//!
//! Classes are numbered in the byte order of their folders' or labels' names; CIFAR's are numbered by its own list of
//! names. Images are the files that end in `.jpg`, `.jpeg`, `.png`, `.webp`, `.gif` or `.bmp`, or whatever a list
//! names. Everything else is left out and counted by its kind ([`Ignored`]): other files, hidden ones, what systems and
//! file servers leave in folders, images outside class folders, and folders beside the parts. Texts are UTF-8, with or
//! without a byte order mark.
//!
//! Links are followed, in folders and in tars. Sparse files of tars are read.
//!
//! In a shard, a sample is all entries whose path is the same up to the first dot of the last name: an image, with its
//! label in `.cls` (a number or a name) or in `.json` (the same under `label`, `cls` or `class`; up to 8 MiB, with
//! `NaN` where Python writes it). Where no sample has a label, its folder's name is the label; where there are no
//! folders, the tar's name is, if all tars are named as ImageNet's are (`n01440764.tar`) or none has a digit in its
//! name. The classes' names stand in `classes.txt` beside the shards, one a line in the order of their numbers; without
//! it, numbers are their own names. Shards are read where they lie, nearly in their order, and therefore cannot be
//! compressed.
//!
//! ```no_run
//! use std::sync::Arc;
//! use effnet_runtime::data::{self, Loader, LoaderOptions, Normalise, TrainTransform};
//!
//! # fn main() -> Result<(), data::Error> {
//! let split = data::digits()?;
//! let transform = TrainTransform::new(64, Normalise::new(3, &[0.5], &[0.5])?);
//! let order = split.train.order(0, 0);
//! for batch in Loader::new(split.train, Arc::new(transform), order, &LoaderOptions::new(32))? {
//!     let batch = batch?;
//!     println!("{:?} {:?}", batch.images.shape(), batch.labels);
//! }
//! # Ok(())
//! # }
//! ```

mod augment;
mod bounds;
mod check;
mod decode;
mod draw;
mod error;
mod loader;
mod luma;
mod mix;
mod picture;
mod rectangle;
mod share;
mod source;
mod transform;

pub use crate::dialect::Fit;
pub use crate::random::order;
pub use augment::{EraseMode, Erasing, Policy};
pub use check::{BadFile, check};
pub use decode::{MAX_DECODED_BYTES, MAX_SIDE, decode};
pub use draw::{Draw, Part};
pub use error::Error;
pub use image::RgbImage;
pub use loader::{Batch, LastBatch, Loader, LoaderOptions, OnBadImage};
pub use mix::Mix;
pub use picture::read_picture;
pub use share::Share;
pub use source::{
    DEFAULT_VAL_FRACTION, DIGITS_ATTRIBUTION, Ignored, Source, Split, Validation, digits, hold_out, open,
    open_pictures, open_to_measure, open_whole,
};
pub use transform::{EvalTransform, Normalise, Scratch, TrainTransform, Transform};
