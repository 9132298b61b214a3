use std::path::{Path, PathBuf};

use super::super::files::is_hidden;
use super::super::split::list_some;
use super::pattern;
use crate::data::error::Error;

/// Beside the shards: the classes' names, one a line, in the order of their numbers.
pub(super) const CLASSES: &str = "classes.txt";

/// Where a data set's shards are.
#[derive(Debug)]
pub(in super::super) struct Found {
    /// What the user named.
    pub(super) origin: String,
    pub(super) train: Vec<PathBuf>,
    /// Shards of their own for validation.
    pub(super) val: Option<Vec<PathBuf>>,
    /// The file of the classes' names, if there is one.
    pub(super) classes: Option<PathBuf>,
}

/// The shards that a pattern names, if `path` is one.
pub(in super::super) fn find_by_pattern(path: &Path) -> Result<Option<Found>, Error> {
    let Some(origin) = path.to_str() else { return Ok(None) };
    let Some(names) = pattern::expand(origin)? else { return Ok(None) };
    let missing: Vec<&str> = names.iter().filter(|name| !Path::new(name).is_file()).map(String::as_str).collect();
    if !missing.is_empty() {
        let (count, some) = (missing.len(), list_some(&missing));
        let reason = format!("names {} shards, and {count} of them are not there: {some}", names.len());
        return Err(Error::layout(origin, reason));
    }
    let train: Vec<PathBuf> = names.into_iter().map(PathBuf::from).collect();
    let classes = train.first().map(|first| first.with_file_name(CLASSES)).filter(|path| path.is_file());
    Ok(Some(Found { origin: origin.to_owned(), train, val: None, classes }))
}

/// The shards in a folder, if it is one of shards: tars and no other folders, or `train` (and `val`) of that kind.
pub(in super::super) fn find_in_folder(folder: &Path) -> Result<Option<Found>, Error> {
    let origin = folder.display().to_string();
    let parts = ["train", "val"].map(|part| folder.join(part));
    let classes_in = |folders: &[&Path]| folders.iter().map(|folder| folder.join(CLASSES)).find(|path| path.is_file());
    if let Some(train) = tars(&parts[0])? {
        let val = if parts[1].is_dir() {
            let none = || Error::layout(&origin, "has shards in train but none in val: add them, or remove val");
            Some(tars(&parts[1])?.ok_or_else(none)?)
        } else {
            None
        };
        let classes = classes_in(&[folder, &parts[0]]);
        return Ok(Some(Found { origin, train, val, classes }));
    }
    let train = tars(folder)?;
    Ok(train.map(|train| Found { classes: classes_in(&[folder]), origin, train, val: None }))
}

/// The tars in a folder in the order of their names, if there are any and no folders beside them.
fn tars(folder: &Path) -> Result<Option<Vec<PathBuf>>, Error> {
    let unreadable = |error| Error::file_error(folder.display().to_string(), error);
    if !folder.is_dir() {
        return Ok(None);
    }
    let (mut tars, mut packed) = (Vec::new(), Vec::new());
    for entry in folder.read_dir().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        let path = entry.path();
        if is_hidden(&name) {
            continue;
        } else if path.is_dir() {
            return Ok(None);
        } else if name.ends_with(".tar") {
            tars.push(path);
        } else if name.ends_with(".tgz") || name.contains(".tar.") {
            packed.push(path);
        }
    }
    tars.sort();
    match packed.iter().min() {
        Some(packed) => Err(compressed(&folder.display().to_string(), &packed.display().to_string())),
        None => Ok((!tars.is_empty()).then_some(tars)),
    }
}

/// Says how to unpack a compressed shard, which cannot be read at any position.
pub(super) fn compressed(origin: &str, shard: &str) -> Error {
    let command = match shard.rsplit('.').next() {
        Some("zst") => "zstd -d --rm",
        Some("xz") => "unxz",
        Some("bz2") => "bunzip2",
        _ => "gunzip",
    };
    let subject = if origin == shard { "is a".to_owned() } else { format!("holds {shard}, a") };
    Error::layout(
        origin,
        format!("{subject} compressed shard, which cannot be read where it lies: type {command} {shard}"),
    )
}
