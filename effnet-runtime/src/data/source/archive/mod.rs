use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::bytes::{Bytes, Place};
use crate::data::error::Error;

/// A compressed tar is held in memory whole; beyond this it has to be unpacked by the user.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;

/// The longest path of an entry, in bytes: the longest that Linux takes.
const MAX_PATH: usize = 4096;

/// A tar and where its files lie in it. One that is compressed with gzip is unpacked into memory.
pub(super) struct Archive {
    /// Its path.
    pub(super) origin: String,
    pub(super) bytes: Bytes,
    pub(super) entries: Vec<Entry>,
    /// Whether it was compressed.
    pub(super) packed: bool,
}

/// A file or folder of a tar.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path, with `/` between its parts.
    pub(super) path: String,
    /// Where its bytes are; none of a folder.
    pub(super) place: Option<Place>,
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let origin = path.display().to_string();
        let fail = |error| Error::file_error(origin.clone(), error);
        let mut file = File::open(path).map_err(fail)?;
        let mut magic = Vec::new();
        file.by_ref().take(6).read_to_end(&mut magic).map_err(fail)?;
        file.rewind().map_err(fail)?;
        if magic.starts_with(&[0x1f, 0x8b]) {
            return Self::from_gzip(&origin, file);
        }
        if let Some((_, name, command)) = COMPRESSED.iter().find(|(mark, ..)| magic.starts_with(mark)) {
            let reason =
                format!("is compressed with {name}, and nothing but gzip is unpacked here: {command} {origin}");
            return Err(Error::layout(&origin, reason + ", and give what that leaves"));
        }
        let entries = scan(&origin, &mut &file)?;
        Ok(Self { origin, bytes: Bytes::File(file), entries, packed: false })
    }

    /// Unpacks a gzip-compressed tar into memory.
    pub(super) fn from_gzip(origin: &str, packed: impl Read) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        MultiGzDecoder::new(packed)
            .take(MAX_UNPACKED_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Error::file_error(origin, error))?;
        if bytes.len() as u64 > MAX_UNPACKED_BYTES {
            return Err(Error::layout(origin, "is larger than 1 GiB unpacked: run gunzip on it and give the tar"));
        }
        let entries = scan(origin, &mut Cursor::new(&bytes))?;
        Ok(Self { origin: origin.to_owned(), bytes: Bytes::Memory(bytes), entries, packed: true })
    }
}

/// Other archives: their first bytes, their name, and the command that unpacks one.
const COMPRESSED: [(&[u8], &str, &str); 4] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd", "type zstd -d"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "xz", "type unxz"),
    (b"BZh", "bzip2", "type bunzip2"),
    (b"PK\x03\x04", "zip", "type unzip"),
];

/// Lists a tar's files and folders by their headers alone: bodies are passed over.
fn scan(origin: &str, tar: &mut (impl Read + Seek)) -> Result<Vec<Entry>, Error> {
    let broken = |error: io::Error| Error::layout(origin, format!("is not a folder and not a readable tar: {error}"));
    let end = tar.seek(SeekFrom::End(0)).map_err(broken)?;
    tar.rewind().map_err(broken)?;
    let mut entries = Vec::new();
    for entry in ::tar::Archive::new(tar).entries_with_seek().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let path = entry.path_bytes();
        if path.len() > MAX_PATH {
            let reason = format!("holds a name of {} bytes, and {MAX_PATH} is the limit: rename it", path.len());
            return Err(Error::layout(origin, reason));
        }
        let Ok(path) = std::str::from_utf8(&path) else {
            let path = String::from_utf8_lossy(&path).into_owned();
            return Err(Error::layout(origin, format!("holds a name that is not UTF-8, {path}: rename it")));
        };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let path = parts.join("/");
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            entries.push(Entry { path, place: None });
        } else if kind.is_file() || kind.is_contiguous() {
            let place = Place { offset: entry.raw_file_position(), length: entry.size() };
            if place.offset.checked_add(place.length).is_none_or(|after| after > end) {
                return Err(Error::layout(origin, format!("ends within {path}: it was cut off, copy it again")));
            }
            entries.push(Entry { path, place: Some(place) });
        }
    }
    Ok(entries)
}
