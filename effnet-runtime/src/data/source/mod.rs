//! Where labelled pictures come from.

mod digits;
mod files;
mod folder;
mod layout;
mod tar;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use image::RgbImage;

use super::decode::decode;
use super::error::Error;
pub use digits::{DIGITS_ATTRIBUTION, digits};
use files::Files;
use folder::Folder;
use layout::Arrangement;
pub use layout::{DEFAULT_VAL_FRACTION, Validation};
use tar::Tar;

/// Labelled pictures that can be read in any order, from any thread.
///
/// A sample's id is its index; it depends on nothing but the data set's contents.
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

    /// The encoded bytes of sample `index`.
    ///
    /// # Errors
    /// If the file can't be read.
    fn read(&self, index: usize) -> Result<Vec<u8>, Error>;

    /// The picture of sample `index`. A source that holds no encoded files overrides this.
    ///
    /// # Errors
    /// If the file can't be read or is no picture.
    fn image(&self, index: usize) -> Result<RgbImage, Error> {
        decode(&self.read(index)?, &self.name(index))
    }
}

/// A data set, divided.
pub struct Split {
    /// What the weights are fitted to.
    pub train: Arc<dyn Source>,
    /// What they are measured on. Has the same classes.
    pub val: Arc<dyn Source>,
    /// The fraction that was set aside for `val`; `None` where the data set has a `val` folder of its own.
    pub val_fraction: Option<f64>,
    /// What was found beside images and left out: hidden files and other extensions.
    pub ignored: Ignored,
}

/// Files that a listing left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// How many.
    pub files: usize,
    /// The extensions, with how many files have each; hidden files count as `hidden`.
    pub kinds: BTreeMap<String, usize>,
}

/// Opens the data set at `path`: a folder or a tar file (plain or gzip), laid out as [`super`] says.
///
/// `seed` matters only where `validation` asks for a random split.
///
/// # Errors
/// If nothing is there, it can't be read, or its files don't make a data set; the message says what to do.
pub fn open(path: &Path, validation: Validation, seed: u64) -> Result<Split, Error> {
    split(open_files(path)?, validation, seed)
}

/// Opens the data set at `path` as one source of everything in it, `train` and `val` together.
///
/// # Errors
/// As [`open`].
pub fn open_whole(path: &Path) -> Result<Arc<dyn Source>, Error> {
    let files = open_files(path)?;
    let Arrangement { classes, train, val, .. } = layout::arrange(&*files, Validation::Auto, 0)?;
    let mut items = train;
    items.extend(val);
    items.sort();
    Ok(Arc::new(Listed { files, classes: classes.into(), items }))
}

fn split(files: Arc<dyn Files>, validation: Validation, seed: u64) -> Result<Split, Error> {
    let Arrangement { classes, train, val, val_fraction } = layout::arrange(&*files, validation, seed)?;
    let classes: Arc<[String]> = classes.into();
    let part = |items| Arc::new(Listed { files: Arc::clone(&files), classes: Arc::clone(&classes), items });
    Ok(Split { train: part(train), val: part(val), val_fraction, ignored: files.listing().ignored.clone() })
}

fn open_files(path: &Path) -> Result<Arc<dyn Files>, Error> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(Arc::new(Folder::open(path)?)),
        Ok(_) => Ok(Arc::new(Tar::open(path)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::Missing { path: path.display().to_string() })
        }
        Err(error) => Err(Error::file_error(path.display().to_string(), error)),
    }
}

/// Some files of a folder or tar, with their labels.
struct Listed {
    files: Arc<dyn Files>,
    classes: Arc<[String]>,
    items: Vec<layout::Item>,
}

impl Source for Listed {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn len(&self) -> usize {
        self.items.len()
    }

    fn label(&self, index: usize) -> usize {
        self.items[index].label
    }

    fn name(&self, index: usize) -> String {
        self.files.name(&self.items[index].path)
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
        self.files.read(&self.items[index].path)
    }
}
