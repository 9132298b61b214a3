//! The container from before PyTorch 1.6: five pickles in a row, which are a number that identifies the format, its
//! version, facts about the machine, the object and the list of its storages' keys; then for each key a count of
//! elements and the storage's numbers.
//!
//! A file has no index and no checksums: the places of storages follow from walking it, and the walk must end at the
//! file's last byte.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::super::pickle::{Pickle, PickleError};
use super::super::{Problem, Storage, Tensors};
use super::tensor::{NamedStorage, named_storage};
use super::{BIG_ENDIAN, tables};

/// The pickle of `MAGIC_NUMBER` in `torch/serialization.py`, behind its protocol.
const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// `PROTOCOL_VERSION` in `torch/serialization.py`.
const VERSION: usize = 1001;

/// Length of the part of a file in which to look for the pickles first, in bytes.
const FIRST: u64 = 1 << 16;

/// Whether a file that starts with these bytes has this format.
pub(in super::super) fn begins(start: &[u8]) -> bool {
    let Some((&[0x80, _], rest)) = start.split_first_chunk() else { return false };
    // Protocol 4 and later put a frame of eight bytes' length around it.
    let rest = if rest.starts_with(&[0x95]) { rest.get(9..).unwrap_or_default() } else { rest };
    rest.starts_with(MAGIC)
}

/// Reads the list of tensors.
pub(super) fn tensors(file: &mut File, length: u64) -> Result<Tensors, Problem> {
    let mut front = Vec::new();
    let mut wanted = FIRST.min(length);
    loop {
        let more = wanted - front.len() as u64;
        front.reserve_exact(more as usize);
        if file.take(more).read_to_end(&mut front)? as u64 != more {
            return Err(Problem::Damaged("it ends too early".into()));
        }
        let mut rest = &front[..];
        match Pickles::read(&mut rest) {
            // The pickles may go on behind what has been read.
            Err(PickleError::Short) if wanted < length => wanted = wanted.saturating_mul(2).min(length),
            Err(error @ PickleError::Short) => return Err(Problem::Damaged(error.to_string())),
            Err(error) => return Err(Problem::NotWeights(error.to_string())),
            Ok(pickles) => return pickles.tensors(file, (front.len() - rest.len()) as u64, length),
        }
    }
}

struct Pickles<'a> {
    version: Pickle<'a>,
    machine: Pickle<'a>,
    object: Pickle<'a>,
    keys: Pickle<'a>,
}

impl<'a> Pickles<'a> {
    fn read(input: &mut &'a [u8]) -> Result<Self, PickleError> {
        let _magic = Pickle::read(input)?;
        let [version, machine, object] = [Pickle::read(input)?, Pickle::read(input)?, Pickle::read(input)?];
        Ok(Self { version, machine, object, keys: Pickle::read(input)? })
    }

    /// All tensors of the object, with the storages that lie from `at` on in the file.
    fn tensors(&self, file: &mut File, at: u64, length: u64) -> Result<Tensors, Problem> {
        if self.version.root().number() != Some(VERSION) {
            return Err(Problem::NotWeights(format!("its version of PyTorch's format is not {VERSION}")));
        }
        let mut facts = self.machine.root().entries().into_iter().flatten();
        if facts.any(|(key, value)| key.text() == Some("little_endian") && value.truth() == Some(false)) {
            return Err(Problem::NotWeights(BIG_ENDIAN.into()));
        }
        // The first mention of a storage says how long it is.
        let mut named: HashMap<&str, NamedStorage<'_>> = HashMap::new();
        for storage in self.object.nodes().filter_map(named_storage) {
            named.entry(storage.key).or_insert(storage);
        }
        let storages = self.walk(&named, file, at, length)?;
        tables::tensors(self.object.root(), &|key| storages.get(key).cloned())
    }

    /// The storages' places.
    fn walk<'p>(
        &'p self,
        named: &HashMap<&str, NamedStorage<'_>>,
        file: &mut File,
        mut at: u64,
        length: u64,
    ) -> Result<HashMap<&'p str, Storage>, Problem> {
        let nonsense = || Problem::Damaged("its list of storages makes no sense".into());
        let mut places = HashMap::new();
        for key in self.keys.root().members().ok_or_else(nonsense)? {
            let key = key.text().ok_or_else(nonsense)?;
            let storage = named.get(key).ok_or_else(nonsense)?;
            let of_class = |class: &str| {
                Problem::NotWeights(format!("it has a storage of a class that effnet does not know, `{class}`"))
            };
            let bytes = storage.length().map_err(of_class)?;
            let mut elements = [0; 8];
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut elements)?;
            if u64::from_le_bytes(elements) != storage.elements as u64 {
                return Err(Problem::Damaged(format!("the count of elements of its storage `{key}` is another one")));
            }
            let start = at + elements.len() as u64;
            at = start.saturating_add(bytes);
            if at > length {
                return Err(Problem::Damaged("it is cut short".into()));
            }
            if places.insert(key, Storage::Span { start, length: bytes }).is_some() {
                return Err(nonsense());
            }
        }
        if at != length {
            return Err(Problem::Damaged(format!("something follows its end ({} bytes)", length - at)));
        }
        Ok(places)
    }
}
