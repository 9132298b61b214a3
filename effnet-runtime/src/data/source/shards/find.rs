use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::super::Ignored;
use super::super::litter::litter;
use super::super::part::Part;
use super::super::split::list_some;
use super::pattern;
use crate::data::error::Error;

/// A file beside the shards: the classes' names, one a line, in the order of their numbers.
pub(super) const CLASSES: &str = "classes.txt";

/// Where a data set's shards lie.
#[derive(Debug)]
pub(in super::super) struct Found {
    /// The path as the user gave it.
    pub(super) origin: String,
    pub(super) paths: Vec<PathBuf>,
    /// The number of the first shard for validation, if it has its own: they come last.
    pub(super) val_from: Option<usize>,
    /// The file with the classes' names, if there is one.
    pub(super) classes: Option<PathBuf>,
    /// Files beside the shards.
    pub(super) ignored: Ignored,
}

impl Found {
    /// Shards in one folder, all of one part.
    pub(super) fn together(origin: String, paths: Vec<PathBuf>) -> Self {
        let classes = paths.first().map(|first| first.with_file_name(CLASSES)).filter(|path| path.is_file());
        Self { origin, paths, val_from: None, classes, ignored: Ignored::default() }
    }
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
    Ok(Some(Found::together(origin.to_owned(), names.into_iter().map(PathBuf::from).collect())))
}

/// The shards in a folder of shards: tars and no other folders, or folders of that kind that are parts.
pub(in super::super) fn find_in_folder(folder: &Path) -> Result<Option<Found>, Error> {
    let Some((train, mut found)) = part(folder, Part::Train)? else { return Ok(tars(folder)?.map(by_name)) };
    found.origin = folder.display().to_string();
    let val = match part(folder, Part::Val)? {
        None => part(folder, Part::Test)?,
        val => val,
    };
    if let Some(name) = folders(folder, Part::Val)?.first().filter(|_| val.is_none()) {
        let reason = format!("has shards in {train} but none in {name}: add them, or remove {name}");
        return Err(Error::layout(&found.origin, reason));
    }
    let mut used = vec![train];
    if let Some((name, val)) = val {
        used.push(name);
        found.val_from = Some(found.paths.len());
        found.paths.extend(val.paths);
        found.ignored.merge(&val.ignored);
    }
    found.ignored.merge(&beside(folder, &used)?);
    found.classes = Some(folder.join(CLASSES)).filter(|path| path.is_file()).or(found.classes);
    Ok(Some(found))
}

/// The folder of shards that is this part, and its name.
fn part(folder: &Path, part: Part) -> Result<Option<(String, Found)>, Error> {
    let mut with_tars = Vec::new();
    for name in folders(folder, part)? {
        with_tars.extend(tars(&folder.join(&name))?.map(|tars| (name, tars)));
    }
    let names: Vec<&str> = with_tars.iter().map(|(name, _)| name.as_str()).collect();
    let picked = part.pick(&names).map_err(|reason| Error::layout(&folder.display().to_string(), reason))?;
    let at = names.iter().position(|name| Some(*name) == picked);
    Ok(at.map(|at| with_tars.swap_remove(at)))
}

/// The names of the folders in `folder` that may be this part.
fn folders(folder: &Path, part: Part) -> Result<Vec<String>, Error> {
    let named = |(name, path): &(String, PathBuf)| Part::named(name) == Some(part) && path.is_dir();
    Ok(entries(folder)?.into_iter().filter(named).map(|(name, _)| name).collect())
}

/// The names and the paths in a folder, ordered.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let named = |entry: DirEntry| (entry.file_name().to_string_lossy().into_owned(), entry.path());
    let read = || folder.read_dir()?.map(|entry| entry.map(named)).collect::<io::Result<Vec<_>>>();
    let mut entries = read().map_err(Error::file_error(folder.display()))?;
    entries.sort_by(|(_, one), (_, other)| one.cmp(other));
    Ok(entries)
}

/// Files in a folder beside the parts.
fn beside(folder: &Path, parts: &[String]) -> Result<Ignored, Error> {
    let mut ignored = Ignored::default();
    for (name, path) in entries(folder)? {
        if parts.contains(&name) || name == CLASSES {
            continue;
        }
        if path.is_dir() && litter(&name).is_none() {
            let files = WalkDir::new(path).into_iter().flatten().filter(|entry| entry.file_type().is_file());
            ignored.add_many(&format!("in {name}"), files.count());
        } else if path.is_file() {
            ignored.add_path(&name);
        }
    }
    Ok(ignored)
}

/// The tars in a folder, if there are any and no folders beside them.
fn tars(folder: &Path) -> Result<Option<Found>, Error> {
    let (mut tars, mut packed, mut ignored) = (Vec::new(), None, Ignored::default());
    for (written, path) in entries(folder)? {
        let name = written.to_ascii_lowercase();
        if litter(&written).is_none() {
            if path.is_dir() {
                return Ok(None);
            } else if name.ends_with(".tar") {
                tars.push(path);
                continue;
            } else if name.ends_with(".tgz") || name.contains(".tar.") {
                packed = packed.or(Some(path));
                continue;
            }
        }
        if path.is_file() && name != CLASSES {
            ignored.add_path(&written);
        }
    }
    let origin = folder.display().to_string();
    match packed {
        Some(packed) => Err(compressed(&origin, &packed.display().to_string())),
        None if tars.is_empty() => Ok(None),
        None => Ok(Some(Found { ignored, ..Found::together(origin, tars) })),
    }
}

/// Puts the shards to train on in front of those to validate on, where their names say so. Shards that belong to neither
/// are left out then.
fn by_name(mut found: Found) -> Found {
    let part = |path: &PathBuf| path.file_name().and_then(|name| Part::of_shard(&name.to_string_lossy()));
    let of = |wanted: Part| found.paths.iter().filter(|path| part(path) == Some(wanted)).cloned().collect::<Vec<_>>();
    let train = of(Part::Train);
    let val = [Part::Val, Part::Test].map(of).into_iter().find(|val| !val.is_empty());
    if let Some(val) = val.filter(|_| !train.is_empty()) {
        found.ignored.add_many(".tar", found.paths.len() - train.len() - val.len());
        found.val_from = Some(train.len());
        found.paths = [train, val].concat();
    }
    found
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
