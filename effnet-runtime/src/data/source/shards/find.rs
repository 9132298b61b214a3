use std::fs::DirEntry;
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
    pub(super) train: Vec<PathBuf>,
    /// The shards for validation, if it has its own.
    pub(super) val: Option<Vec<PathBuf>>,
    /// The file with the classes' names, if there is one.
    pub(super) classes: Option<PathBuf>,
    /// Files beside the shards.
    pub(super) ignored: Ignored,
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
    Ok(Some(Found { origin: origin.to_owned(), train, val: None, classes, ignored: Ignored::default() }))
}

/// The shards in a folder of shards: tars and no other folders, or folders of that kind that are parts.
pub(in super::super) fn find_in_folder(folder: &Path) -> Result<Option<Found>, Error> {
    let origin = folder.display().to_string();
    let classes_in = |folders: &[&Path]| folders.iter().map(|folder| folder.join(CLASSES)).find(|path| path.is_file());
    if let Some(train) = part(folder, Part::Train)? {
        let val = match part(folder, Part::Val)? {
            None => part(folder, Part::Test)?,
            val => val,
        };
        if let Some(name) = folders(folder, Part::Val)?.first().filter(|_| val.is_none()) {
            let reason = format!("has shards in {} but none in {name}: add them, or remove {name}", train.0);
            return Err(Error::layout(&origin, reason));
        }
        let (name, train) = train;
        let mut used = vec![name.as_str()];
        let mut ignored = train.ignored;
        let val = val.as_ref().map(|(name, val)| {
            used.push(name);
            ignored.merge(&val.ignored);
            val.paths.clone()
        });
        ignored.merge(&beside(folder, &used)?);
        let classes = classes_in(&[folder, &folder.join(&name)]);
        return Ok(Some(Found { origin, train: train.paths, val, classes, ignored }));
    }
    let Some(Tars { paths, mut ignored }) = tars(folder)? else { return Ok(None) };
    let (train, val) = by_name(paths, &mut ignored);
    Ok(Some(Found { classes: classes_in(&[folder]), origin, train, val, ignored }))
}

/// A folder of shards.
struct Tars {
    /// The tars, in the order of their names.
    paths: Vec<PathBuf>,
    /// Files beside them.
    ignored: Ignored,
}

/// The folder of shards that is this part, and its name.
fn part(folder: &Path, part: Part) -> Result<Option<(String, Tars)>, Error> {
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
    let mut names = Vec::new();
    for entry in entries(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if Part::named(&name) == Some(part) && folder.join(&name).is_dir() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn entries(folder: &Path) -> Result<impl Iterator<Item = Result<DirEntry, Error>>, Error> {
    let unreadable = |error| Error::file_error(folder.display().to_string(), error);
    Ok(folder.read_dir().map_err(unreadable)?.map(move |entry| entry.map_err(unreadable)))
}

/// Files in a folder beside the parts.
fn beside(folder: &Path, parts: &[&str]) -> Result<Ignored, Error> {
    let mut ignored = Ignored::default();
    for entry in entries(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if parts.contains(&name.as_str()) || name == CLASSES {
            continue;
        }
        if entry.path().is_dir() && litter(&name).is_none() {
            let files = WalkDir::new(entry.path()).into_iter().flatten().filter(|entry| entry.file_type().is_file());
            ignored.add_many(&format!("in {name}"), files.count());
        } else if entry.path().is_file() {
            add_beside(&mut ignored, &name);
        }
    }
    Ok(ignored)
}

/// Counts a file beside shards.
fn add_beside(ignored: &mut Ignored, name: &str) {
    match litter(name) {
        Some(kind) => ignored.add(kind),
        None => ignored.add_extension(name.rsplit_once('.').map_or("", |(_, extension)| extension)),
    }
}

/// The tars in a folder, if there are any and no folders beside them.
fn tars(folder: &Path) -> Result<Option<Tars>, Error> {
    let (mut tars, mut packed, mut ignored) = (Vec::new(), Vec::new(), Ignored::default());
    for entry in entries(folder)? {
        let entry = entry?;
        let (written, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        let name = written.to_ascii_lowercase();
        if litter(&written).is_none() {
            if path.is_dir() {
                return Ok(None);
            } else if name.ends_with(".tar") {
                tars.push(path);
                continue;
            } else if name.ends_with(".tgz") || name.contains(".tar.") {
                packed.push(path);
                continue;
            }
        }
        if path.is_file() && name != CLASSES {
            add_beside(&mut ignored, &written);
        }
    }
    tars.sort();
    match packed.iter().min() {
        Some(packed) => Err(compressed(&folder.display().to_string(), &packed.display().to_string())),
        None => Ok((!tars.is_empty()).then_some(Tars { paths: tars, ignored })),
    }
}

/// The shards to train on and those to validate on, where their names say so. Shards that belong to neither are left
/// out then.
fn by_name(paths: Vec<PathBuf>, ignored: &mut Ignored) -> (Vec<PathBuf>, Option<Vec<PathBuf>>) {
    let part = |path: &PathBuf| path.file_name().and_then(|name| Part::of_shard(&name.to_string_lossy()));
    let has = |wanted: Part| paths.iter().any(|path| part(path) == Some(wanted));
    let val = [Part::Val, Part::Test].into_iter().find(|val| has(*val)).filter(|_| has(Part::Train));
    let Some(val) = val else { return (paths, None) };
    let of = |wanted: Part| paths.iter().filter(|path| part(path) == Some(wanted)).cloned().collect::<Vec<_>>();
    let (train, val) = (of(Part::Train), of(val));
    ignored.add_many(".tar", paths.len() - train.len() - val.len());
    (train, Some(val))
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
