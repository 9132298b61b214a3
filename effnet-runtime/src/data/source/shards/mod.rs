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

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::Archive;
use super::split::{Least, check_classes, check_parts, rank, set_aside};
use super::{Ignored, Source, Split, Validation};
use crate::data::error::Error;
use find::Found;
pub(super) use find::{find_by_pattern, find_in_folder};
use index::Label;
pub(super) use index::is_shard;
use labels::Labels;
use store::{Sample, Store};

/// A data set of shards.
pub(super) struct Shards {
    origin: String,
    classes: Arc<[String]>,
    store: Arc<Store>,
    samples: Vec<Sample>,
    /// The first shard of the validation part, where the data set has one.
    val_from: Option<u32>,
    ignored: Ignored,
}

impl Shards {
    /// Reads the headers of all shards.
    pub(super) fn open(found: Found) -> Result<Self, Error> {
        let Found { origin, train, val, classes, ignored } = found;
        let val_from = val.as_ref().map(|_| train.len() as u32);
        let mut builder = Builder::new(train.into_iter().chain(val.unwrap_or_default()).collect());
        builder.ignored = ignored;
        for number in 0..builder.store.paths().len() {
            let archive = Archive::open(&builder.store.paths()[number])?;
            builder.add(number as u32, archive)?;
        }
        builder.finish(origin, classes, val_from)
    }

    /// A single shard.
    pub(super) fn of_archive(path: &Path, archive: Archive) -> Result<Self, Error> {
        let origin = archive.origin.clone();
        let mut builder = Builder::new(vec![path.to_owned()]);
        builder.add(0, archive)?;
        let classes = path.with_file_name(find::CLASSES);
        builder.finish(origin, classes.is_file().then_some(classes), None)
    }

    pub(super) fn split(self, validation: Validation, seed: u64, least: Least) -> Result<Split, Error> {
        let origin = &self.origin;
        check_classes(origin, &self.classes, least)?;
        let (for_val, val_fraction): (Vec<bool>, _) = match (self.val_from, validation) {
            (Some(_), Validation::Fraction(_)) => {
                return Err(Error::layout(origin, "has shards of its own for validation: leave out --val-fraction"));
            }
            (Some(first), Validation::Auto) => (self.samples.iter().map(|s| s.shard >= first).collect(), None),
            (None, validation) => {
                let fraction = validation.fraction()?;
                let labels = self.samples.iter().map(|sample| sample.label as usize);
                let rank = |at: usize| rank(seed, &self.store.short_name(&self.samples[at]));
                (set_aside(labels, rank, fraction), Some(fraction))
            }
        };
        let labels = |val: bool| {
            let part = self.samples.iter().zip(&for_val).filter(move |(_, for_val)| **for_val == val);
            part.map(|(sample, _)| sample.label as usize)
        };
        check_parts(origin, &self.classes, labels(false), labels(true))?;
        let part = |val: bool| {
            let samples = self.samples.iter().zip(&for_val).filter(|(_, for_val)| **for_val == val);
            Arc::new(Part::new(&self, samples.map(|(sample, _)| sample.clone()).collect()))
        };
        Ok(Split { train: part(false), val: part(true), val_fraction, ignored: self.ignored.clone() })
    }

    pub(super) fn whole(self) -> Arc<dyn Source> {
        Arc::new(Part::new(&self, self.samples.clone()))
    }
}

/// Collects shards one by one.
struct Builder {
    store: Store,
    labels: Labels,
    samples: Vec<Sample>,
    ignored: Ignored,
    /// Whether shards without labels are named after their class.
    are_classes: bool,
    /// Why what looks like an image does not count as one.
    dotted: Option<String>,
}

impl Builder {
    fn new(paths: Vec<PathBuf>) -> Self {
        Self {
            are_classes: class_tars::are_classes(&paths),
            store: Store::new(paths),
            labels: Labels::default(),
            samples: Vec::new(),
            ignored: Ignored::default(),
            dotted: None,
        }
    }

    fn add(&mut self, shard: u32, archive: Archive) -> Result<(), Error> {
        if archive.packed {
            return Err(find::compressed(&archive.origin, &archive.origin));
        }
        self.ignored.merge(&archive.ignored);
        self.dotted = self.dotted.take().or_else(|| index::dotted(&archive));
        for found in index::samples(&archive, &mut self.ignored)? {
            let label = match found.label {
                Label::None if self.are_classes => {
                    Label::Folder(class_tars::class(&self.store.paths()[shard as usize]))
                }
                label => label,
            };
            let label = self.labels.add(&archive.origin, &found.path, label)?;
            let name = self.store.add_name(&found.path);
            self.samples.push(Sample { shard, label, stored: found.stored, name });
        }
        Ok(())
    }

    fn finish(mut self, origin: String, classes: Option<PathBuf>, val_from: Option<u32>) -> Result<Shards, Error> {
        if self.samples.is_empty() {
            let reason = match self.dotted {
                Some(why) => format!("holds no samples with an image: {why}"),
                None => format!(
                    "holds no samples with an image{}: put JPEG, PNG, WebP, GIF or BMP files in",
                    self.ignored.hint()
                ),
            };
            return Err(Error::layout(&origin, reason));
        }
        let names = classes.map(|path| labels::read_names(&path).map(|names| (path, names))).transpose()?;
        let (classes, numbers) = self.labels.resolve(&origin, names)?;
        self.samples.iter_mut().for_each(|sample| sample.label = numbers[sample.label as usize]);
        let (classes, store) = (classes.into(), Arc::new(self.store));
        Ok(Shards { origin, classes, store, samples: self.samples, val_from, ignored: self.ignored })
    }
}

/// Samples of some shards: in the shards' order, and within each in its own.
struct Part {
    classes: Arc<[String]>,
    store: Arc<Store>,
    samples: Vec<Sample>,
}

impl Part {
    fn new(shards: &Shards, samples: Vec<Sample>) -> Self {
        Self { classes: shards.classes.clone(), store: shards.store.clone(), samples }
    }
}

impl Source for Part {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn len(&self) -> usize {
        self.samples.len()
    }

    fn label(&self, index: usize) -> usize {
        self.samples[index].label as usize
    }

    fn name(&self, index: usize) -> String {
        self.store.name(&self.samples[index])
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
        let sample = &self.samples[index];
        self.store.read(sample).map_err(|error| Error::file_error(self.store.name(sample), error))
    }

    /// Takes the shards in random order, and draws samples through a buffer.
    fn order(&self, seed: u64, epoch: u64) -> Vec<usize> {
        let shards: Vec<usize> = self.samples.chunk_by(|a, b| a.shard == b.shard).map(<[Sample]>::len).collect();
        order::order(&shards, seed, epoch)
    }
}
