use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::super::bytes::Stored;

/// The most shards to keep open. Readers move through few at a time; the system's limit is often 1,024 files.
const MAX_OPEN: usize = 64;

/// The shards' files, and their samples' names.
pub(super) struct Store {
    paths: Vec<PathBuf>,
    /// Open files by their shard's number, the least recently used first.
    open: Mutex<Vec<(u32, Arc<File>)>>,
    /// All names in one string: a million strings would take twice the memory.
    names: String,
}

/// A sample in a shard.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) shard: u32,
    pub(super) label: u32,
    pub(super) stored: Stored,
    pub(super) name: Name,
}

/// A name's place among the names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    start: usize,
    length: u16,
}

impl Store {
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths, open: Mutex::default(), names: String::new() }
    }

    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Keeps a name, which is no longer than a tar allows.
    pub(super) fn add_name(&mut self, name: &str) -> Name {
        let start = self.names.len();
        self.names.push_str(name);
        Name { start, length: name.len() as u16 }
    }

    /// A sample's name: the shard's path and the entry's.
    pub(super) fn name(&self, sample: &Sample) -> String {
        format!("{}:{}", self.path(sample).display(), self.entry(sample))
    }

    /// A sample's name without the shards' folder, so that it stays when they move.
    pub(super) fn short_name(&self, sample: &Sample) -> String {
        let file = self.path(sample).file_name().unwrap_or_default();
        format!("{}:{}", file.to_string_lossy(), self.entry(sample))
    }

    pub(super) fn read(&self, sample: &Sample) -> io::Result<Vec<u8>> {
        sample.stored.read_from(&*self.file(sample.shard)?)
    }

    fn path(&self, sample: &Sample) -> &Path {
        &self.paths[sample.shard as usize]
    }

    fn entry(&self, sample: &Sample) -> &str {
        &self.names[sample.name.start..][..usize::from(sample.name.length)]
    }

    fn file(&self, shard: u32) -> io::Result<Arc<File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match open.iter().rposition(|(number, _)| *number == shard) {
            Some(at) => open.remove(at),
            None => (shard, Arc::new(File::open(&self.paths[shard as usize])?)),
        };
        if open.len() == MAX_OPEN {
            open.remove(0);
        }
        let file = Arc::clone(&found.1);
        open.push(found);
        Ok(file)
    }
}
