use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::archive::Archive;
use super::cifar::Cifar;
use super::files::Tree;
use super::folder::Folder;
use super::layout::{self, Arrangement};
use super::list::List;
use super::listed::Listed;
use super::shards::{self, Shards};
use super::split::Least;
use super::tar::Tar;
use super::{Source, Split, Validation};
use crate::data::error::Error;

/// Opens the data set at `path`, whose contents tell which of the layouts listed in [`super`](crate::data) it has.
///
/// `seed` matters only where a random part is set aside for validation.
///
/// # Errors
/// If nothing is there, it cannot be read, or its files do not make a data set; the message says what to do.
pub fn open(path: &Path, validation: Validation, seed: u64) -> Result<Split, Error> {
    Kind::of(path)?.split(validation, seed, Least::Two)
}

/// Opens the data set at `path` to measure weights on it: as [`open`], except that one class is enough, because the
/// weights may know more.
///
/// # Errors
/// As [`open`].
pub fn open_to_measure(path: &Path, validation: Validation, seed: u64) -> Result<Split, Error> {
    Kind::of(path)?.split(validation, seed, Least::One)
}

/// Opens everything in the data set at `path` as one source, for training and validation together. One class is enough.
///
/// # Errors
/// As [`open`].
pub fn open_whole(path: &Path) -> Result<Arc<dyn Source>, Error> {
    match Kind::of(path)? {
        Kind::Tree(tree) => {
            let (classes, items) = layout::whole(&*tree)?;
            Ok(Arc::new(Listed { files: tree, classes: classes.into(), items }))
        }
        Kind::List(list) => Ok(list.whole()),
        Kind::Shards(shards) => Ok(shards.whole()),
        Kind::Cifar(cifar) => Ok(cifar.whole()),
    }
}

/// The extensions of lists. A list with tabs is refused with advice.
const LISTS: [&str; 2] = ["csv", "tsv"];

/// A data set before it is divided.
enum Kind {
    /// Class folders.
    Tree(Arc<dyn Tree>),
    List(List),
    Shards(Shards),
    Cifar(Cifar),
}

impl Kind {
    fn split(self, validation: Validation, seed: u64, least: Least) -> Result<Split, Error> {
        match self {
            Self::Tree(tree) => split_tree(tree, validation, seed, least),
            Self::List(list) => list.split(validation, seed, least),
            Self::Shards(shards) => shards.split(validation, seed, least),
            Self::Cifar(cifar) => cifar.split(validation),
        }
    }

    fn of(path: &Path) -> Result<Self, Error> {
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => Self::of_folder(path),
            Ok(_)
                if path
                    .extension()
                    .is_some_and(|extension| LISTS.iter().any(|list| extension.eq_ignore_ascii_case(list))) =>
            {
                Ok(Self::List(List::open(path)?))
            }
            Ok(_) => Self::of_archive(path),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                match shards::find_by_pattern(path)? {
                    Some(found) => Ok(Self::Shards(Shards::open(found)?)),
                    None => Err(Error::Missing { path: path.display().to_string() }),
                }
            }
            Err(error) => Err(Error::file_error(path.display().to_string(), error)),
        }
    }

    fn of_folder(path: &Path) -> Result<Self, Error> {
        if let Some(cifar) = Cifar::in_folder(path)? {
            return Ok(Self::Cifar(cifar));
        }
        if let Some(found) = shards::find_in_folder(path)? {
            return Ok(Self::Shards(Shards::open(found)?));
        }
        Ok(Self::Tree(Arc::new(Folder::open(path)?)))
    }

    fn of_archive(path: &Path) -> Result<Self, Error> {
        let archive = match Cifar::in_archive(Archive::open(path)?)? {
            Ok(cifar) => return Ok(Self::Cifar(cifar)),
            Err(archive) => archive,
        };
        if shards::is_shard(&archive) {
            return Ok(Self::Shards(Shards::of_archive(path, archive)?));
        }
        Ok(Self::Tree(Arc::new(Tar::new(archive))))
    }
}

/// Divides class folders.
pub(super) fn split_tree(tree: Arc<dyn Tree>, validation: Validation, seed: u64, least: Least) -> Result<Split, Error> {
    let Arrangement { classes, train, val, val_fraction, mut ignored } =
        layout::arrange(&*tree, validation, seed, least)?;
    ignored.merge(&tree.listing().ignored);
    let classes: Arc<[String]> = classes.into();
    let part = |items| Arc::new(Listed { files: tree.clone(), classes: Arc::clone(&classes), items });
    Ok(Split { train: part(train), val: part(val), val_fraction, ignored })
}
