//! TensorFlow's checkpoints, which automl's published weights are: `NAME.index`, a table of the tensors, and their bytes in
//! `NAME.data-00000-of-00001`.
//!
//! [`table`] reads the index, [`entry`] what it says of a tensor, with every offset, size and checksum checked, and [`names`]
//! tells variables from their moving averages, which automl evaluates with.

mod entry;
mod names;
mod table;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use self::entry::{Entry, Header};
use super::{Place, Problem, Stored, TensorInfo, Tensors};

/// An open checkpoint.
#[derive(Debug)]
pub(super) struct Bundle {
    /// The files of tensors that are in use.
    shards: BTreeMap<u32, File>,
}

/// Opens the checkpoint whose index is `file`, if it is one.
pub(super) fn open(file: &File, path: &Path, length: u64) -> Result<Option<(Bundle, Tensors)>, Problem> {
    let Some(index) = table::read(file, length)? else { return Ok(None) };
    let mut header = None;
    let mut entries = BTreeMap::new();
    table::entries(&index, |key, value| {
        if key.is_empty() {
            header = Some(Header::read(value)?);
            return Ok(());
        }
        let name = std::str::from_utf8(key).map_err(|_| Problem::Damaged("a tensor's name is no text".into()))?;
        if !name.starts_with(names::OBJECT_GRAPH) {
            entries.insert(name.to_owned(), Entry::read(name, value)?);
        }
        Ok(())
    })?;
    let header = header.ok_or_else(|| Problem::Damaged("its index has no header".into()))?;
    let mut bundle = Bundle { shards: BTreeMap::new() };
    let mut tensors = BTreeMap::new();
    for (name, entry) in names::named(entries) {
        let stored = match entry.dtype() {
            Err(format) => Stored::Unread(format),
            Ok(dtype) => {
                let length = bundle.length(entry.shard, &header, path)?;
                entry.check(&name, dtype, length)?;
                let place = Place::Shard { shard: entry.shard, offset: entry.offset, checksum: entry.checksum };
                Stored::Readable(TensorInfo { dtype, shape: entry.shape, place })
            }
        };
        tensors.insert(name, stored);
    }
    Ok(Some((bundle, tensors)))
}

impl Bundle {
    /// Length of a file of tensors, which is opened first if it is not.
    fn length(&mut self, shard: u32, header: &Header, index: &Path) -> Result<u64, Problem> {
        let file = match self.shards.entry(shard) {
            MapEntry::Occupied(file) => file.into_mut(),
            MapEntry::Vacant(place) => {
                let path = shard_of(index, shard, header.shards);
                let unreadable = |reason| format!("its tensors cannot be read from `{}` ({reason})", path.display());
                let file =
                    File::open(&path).map_err(|reason: std::io::Error| Problem::NotWeights(unreadable(reason)))?;
                place.insert(file)
            }
        };
        Ok(file.metadata()?.len())
    }

    /// A tensor's bytes, after a check of their checksum.
    pub(super) fn read(&mut self, info: &TensorInfo) -> Result<Vec<u8>, Problem> {
        let Place::Shard { shard, offset, checksum } = info.place else {
            return Err(Problem::Damaged("a tensor has no place".into()));
        };
        let Some(file) = self.shards.get_mut(&shard) else {
            return Err(Problem::Damaged("a tensor has no file".into()));
        };
        // The sizes were checked against the file's length: neither number overflows or exceeds it.
        let mut bytes = vec![0; info.shape.iter().product::<usize>() * info.dtype.size_in_bytes()];
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut bytes)?;
        if table::masked(crc32c::crc32c(&bytes)) != checksum {
            return Err(Problem::Damaged("a tensor does not have its checksum".into()));
        }
        Ok(bytes)
    }
}

/// The path of a file of tensors.
fn shard_of(index: &Path, shard: u32, shards: u32) -> PathBuf {
    let mut path = index.with_extension("").into_os_string();
    path.push(format!(".data-{shard:05}-of-{shards:05}"));
    path.into()
}

#[cfg(test)]
mod tests;
