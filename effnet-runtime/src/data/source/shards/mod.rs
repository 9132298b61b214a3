//! WebDataset: tars of samples, read where they lie and never unpacked.
//!
//! A sample is all entries that share a key, which is their path up to the first dot of the last name: an image, and
//! its label in `.cls` (a class's number or name) or `.json` (the same under `label`, `cls` or `class`). Where no
//! sample has a label, its folder's name is its class, or its tar's name is. Headers are read once, when the shards are
//! opened.

mod class_tars;
mod find;
mod index;
mod json;
mod labels;
mod order;
mod pattern;
mod store;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use super::archive::Archive;
use super::samples::{Sample, Samples};
use super::undivided::{Division, Undivided};
use crate::data::error::Error;
use find::Found;
pub(super) use find::{find_by_pattern, find_in_folder};
use index::Label;
pub(super) use index::is_shard;
use labels::Labels;
use store::Shards;

/// Opens a data set of shards.
pub(super) fn open(found: Found) -> Result<Undivided<Shards>, Error> {
    let paths = found.paths.clone();
    read(found, paths.iter().map(|path| Archive::open(path)))
}

/// Opens a single shard.
pub(super) fn of_archive(path: &Path, archive: Archive) -> Result<Undivided<Shards>, Error> {
    read(Found::together(archive.origin.clone(), vec![path.to_owned()]), [Ok(archive)])
}

/// Reads the headers of all shards.
fn read(found: Found, archives: impl IntoIterator<Item = Result<Archive, Error>>) -> Result<Undivided<Shards>, Error> {
    let Found { origin, paths, val_from, classes, mut ignored } = found;
    let are_classes = class_tars::are_classes(&paths);
    let mut store = Shards::new(paths);
    let (mut labels, mut samples, mut dotted) = (Labels::default(), Vec::new(), None);
    for (shard, archive) in archives.into_iter().enumerate() {
        let archive = archive?;
        if archive.is_packed() {
            return Err(find::compressed(&archive.origin, &archive.origin));
        }
        ignored.merge(&archive.ignored);
        dotted = dotted.or_else(|| index::dotted(&archive));
        for found in index::samples(&archive, &mut ignored)? {
            let label = match found.label {
                Label::None if are_classes => Label::Folder(class_tars::class(&store.paths[shard])),
                label => label,
            };
            let label = labels.add(&archive.origin, &found.path, label)?;
            samples.push(Sample { place: store.add(shard as u32, &found.path, found.stored), label });
        }
    }
    if samples.is_empty() {
        let reason = match dotted {
            Some(why) => format!("holds no samples with an image: {why}"),
            None => {
                format!("holds no samples with an image{}: put JPEG, PNG, WebP, GIF or BMP files in", ignored.hint())
            }
        };
        return Err(Error::layout(&origin, reason));
    }
    let names = classes.map(|path| labels::read_names(&path).map(|names| (path, names))).transpose()?;
    let (classes, numbers) = labels.resolve(&origin, names)?;
    samples.iter_mut().for_each(|sample| sample.label = numbers[sample.label as usize]);
    let division = val_from.map(|first| Division {
        for_val: samples.iter().map(|sample| sample.place.shard as usize >= first).collect(),
        owned: "has shards of its own for validation",
        empty: |part| format!("has no samples with an image in its shards of {part}: add some, or remove these shards"),
    });
    let samples = Samples { store: Arc::new(store), classes: classes.into(), samples };
    Ok(Undivided { origin, samples, division, ignored })
}
