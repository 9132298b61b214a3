use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::archive::Archive;
use super::cifar::Cifar;
use super::folder::Folder;
use super::split::Least;
use super::undivided::Divide;
use super::{Source, Split, Validation, list, shards, tar};
use crate::data::error::Error;

/// Opens the data set at `path`, whose contents tell which of the layouts listed in [`super`](crate::data) it has.
///
/// `seed` matters only where a random part is set aside for validation.
///
/// # Errors
/// If nothing is there, it cannot be read, or its files do not make a data set; the message says what to do.
pub fn open(path: &Path, validation: Validation, seed: u64) -> Result<Split, Error> {
    find(path)?.split(validation, seed, Least::Two)
}

/// Opens the data set at `path` to measure weights on it: as [`open`], except that one class is enough, because the
/// weights may know more.
///
/// # Errors
/// As [`open`].
pub fn open_to_measure(path: &Path, validation: Validation, seed: u64) -> Result<Split, Error> {
    find(path)?.split(validation, seed, Least::One)
}

/// Opens everything in the data set at `path` as one source, for training and validation together. One class is enough.
///
/// # Errors
/// As [`open`].
pub fn open_whole(path: &Path) -> Result<Arc<dyn Source>, Error> {
    find(path)?.whole()
}

/// Opens all pictures at `path` as one source, for what classes do not matter to: those of a folder, however deep they
/// lie, or those of any other data set, as [`open_whole`] does. The source's classes and labels say nothing.
///
/// # Errors
/// If nothing is there, it cannot be read, or it holds no pictures; of other data sets than folders, as [`open`].
pub fn open_pictures(path: &Path) -> Result<Arc<dyn Source>, Error> {
    find(path)?.pictures()
}

/// The extensions of lists. A list with tabs is refused with advice.
const LISTS: [&str; 2] = ["csv", "tsv"];

/// Finds out what a data set is.
fn find(path: &Path) -> Result<Box<dyn Divide>, Error> {
    let is_list = |extension: &OsStr| LISTS.iter().any(|list| extension.eq_ignore_ascii_case(list));
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => find_in_folder(path),
        Ok(_) if path.extension().is_some_and(is_list) => Ok(Box::new(list::open(path)?)),
        Ok(_) => find_in_archive(path),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            match shards::find_by_pattern(path)? {
                Some(found) => Ok(Box::new(shards::open(found)?)),
                None => Err(Error::Missing { path: path.display().to_string() }),
            }
        }
        Err(error) => Err(Error::file_error(path.display())(error)),
    }
}

fn find_in_folder(path: &Path) -> Result<Box<dyn Divide>, Error> {
    if let Some(cifar) = Cifar::in_folder(path)? {
        return Ok(Box::new(cifar));
    }
    if let Some(found) = shards::find_in_folder(path)? {
        return Ok(Box::new(shards::open(found)?));
    }
    Ok(Box::new(Folder::open(path)?))
}

fn find_in_archive(path: &Path) -> Result<Box<dyn Divide>, Error> {
    let archive = match Cifar::in_archive(Archive::open(path)?)? {
        Ok(cifar) => return Ok(Box::new(cifar)),
        Err(archive) => archive,
    };
    if shards::is_shard(&archive) {
        return Ok(Box::new(shards::of_archive(path, archive)?));
    }
    Ok(Box::new(tar::tree(archive)))
}
