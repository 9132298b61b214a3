use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::bytes::{Bytes, Stored};
use super::super::samples::{Sample, Store};
use super::order;
use crate::data::error::Error;

/// The most shards to keep open. Readers move through few at a time; the system's limit is often 1,024 files.
const MAX_OPEN: usize = 64;

/// The shards' files, and their samples' names.
pub(in super::super) struct Shards {
    pub(super) paths: Vec<PathBuf>,
    /// Open files by their shard's number, the least recently used first.
    open: Mutex<Vec<(u32, Arc<Bytes>)>>,
    /// All names in one string: a million strings would take twice the memory.
    names: String,
}

/// Where a sample lies, in 40 bytes: a data set may have millions.
#[derive(Clone, Debug)]
pub(in super::super) struct Place {
    stored: Stored,
    /// The beginning of its name among the names.
    name: usize,
    pub(super) shard: u32,
    name_length: u16,
}

impl Shards {
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths, open: Mutex::default(), names: String::new() }
    }

    /// Keeps the name of a sample, which is no longer than a tar allows.
    pub(super) fn add(&mut self, shard: u32, name: &str, stored: Stored) -> Place {
        let place = Place { stored, name: self.names.len(), shard, name_length: name.len() as u16 };
        self.names.push_str(name);
        place
    }

    fn entry(&self, place: &Place) -> &str {
        &self.names[place.name..][..usize::from(place.name_length)]
    }

    fn file(&self, shard: u32) -> io::Result<Arc<Bytes>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match open.iter().rposition(|(number, _)| *number == shard) {
            Some(at) => open.remove(at),
            None => (shard, Arc::new(Bytes::File(File::open(&self.paths[shard as usize])?))),
        };
        if open.len() == MAX_OPEN {
            open.remove(0);
        }
        let file = Arc::clone(&found.1);
        open.push(found);
        Ok(file)
    }
}

impl Store for Shards {
    type Place = Place;

    /// The shard's path and the entry's.
    fn name(&self, place: &Place) -> String {
        format!("{}:{}", self.paths[place.shard as usize].display(), self.entry(place))
    }

    /// The name without the shards' folder.
    fn key(&self, place: &Place) -> String {
        let file = self.paths[place.shard as usize].file_name().unwrap_or_default();
        format!("{}:{}", file.to_string_lossy(), self.entry(place))
    }

    fn read(&self, place: &Place) -> Result<Vec<u8>, Error> {
        let read = self.file(place.shard).and_then(|file| file.read(&place.stored));
        read.map_err(Error::file_error(self.name(place)))
    }

    /// Takes the shards in random order, and draws samples through a buffer.
    fn order(&self, samples: &[Sample<Place>], seed: u64, epoch: u64) -> Vec<usize> {
        let shards = samples.chunk_by(|a, b| a.place.shard == b.place.shard);
        order::order(&shards.map(<[_]>::len).collect::<Vec<_>>(), seed, epoch)
    }
}
