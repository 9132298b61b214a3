use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::files::{Files, Listing, MAX_FILE_BYTES};
use crate::data::error::Error;

/// A compressed tar is held in memory whole; beyond this it has to be unpacked by the user.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;

/// The files in a tar, read where they lie. A tar compressed with gzip is unpacked into memory first.
pub(super) struct Tar {
    origin: String,
    bytes: Bytes,
    listing: Listing,
    places: HashMap<String, Place>,
}

/// Where the tar's bytes are.
enum Bytes {
    /// In a file, opened anew for each read: threads then share no position.
    File(PathBuf),
    Memory(Vec<u8>),
}

/// A file's bytes within the tar.
#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    length: u64,
}

impl Tar {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let origin = path.display().to_string();
        let fail = |error| Error::file_error(origin.clone(), error);
        let mut file = File::open(path).map_err(fail)?;
        let mut magic = [0; 2];
        let gzip = file.read_exact(&mut magic).is_ok() && is_gzip(&magic);
        file.rewind().map_err(fail)?;
        if gzip {
            return Self::from_gzip(&origin, file);
        }
        let (listing, places) = index(&origin, &mut file)?;
        Ok(Self { origin, bytes: Bytes::File(path.to_owned()), listing, places })
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
        let (listing, places) = index(origin, &mut Cursor::new(&bytes))?;
        Ok(Self { origin: origin.to_owned(), bytes: Bytes::Memory(bytes), listing, places })
    }
}

fn is_gzip(magic: &[u8]) -> bool {
    magic.starts_with(&[0x1f, 0x8b])
}

/// Lists a tar's images and where they lie. A later entry of the same name replaces an earlier one, as in unpacking.
fn index(origin: &str, tar: &mut (impl Read + Seek)) -> Result<(Listing, HashMap<String, Place>), Error> {
    let broken = |error: io::Error| Error::layout(origin, format!("is not a folder and not a readable tar: {error}"));
    let end = tar.seek(SeekFrom::End(0)).map_err(broken)?;
    tar.rewind().map_err(broken)?;
    let mut listing = Listing::default();
    let mut places = HashMap::new();
    for entry in ::tar::Archive::new(tar).entries_with_seek().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let path = entry.path_bytes();
        let Ok(path) = std::str::from_utf8(&path) else {
            let path = String::from_utf8_lossy(&path).into_owned();
            return Err(Error::layout(origin, format!("holds a name that is not UTF-8, {path}: rename it")));
        };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let path = parts.join("/");
        // Folders need no entries of their own in a tar.
        (1..parts.len()).for_each(|depth| listing.add_folder(&parts[..depth].join("/")));
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            listing.add_folder(&path);
        } else if kind.is_file() || kind.is_contiguous() {
            let place = Place { offset: entry.raw_file_position(), length: entry.size() };
            if place.offset.checked_add(place.length).is_none_or(|after| after > end) {
                return Err(Error::layout(origin, format!("ends within {path}: it was cut off, copy it again")));
            }
            if places.contains_key(&path) || listing.add_file(&path) {
                places.insert(path, place);
            }
        }
    }
    listing.sort();
    Ok((listing, places))
}

impl Files for Tar {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn is_archive(&self) -> bool {
        true
    }

    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn name(&self, path: &str) -> String {
        format!("{}:{path}", self.origin)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        let Place { offset, length } = self.places[path];
        let read = || {
            if length > MAX_FILE_BYTES {
                return Err(io::Error::other("it is larger than 256 MiB"));
            }
            match &self.bytes {
                Bytes::Memory(bytes) => Ok(bytes[offset as usize..][..length as usize].to_vec()),
                Bytes::File(tar) => {
                    let mut tar = File::open(tar)?;
                    tar.seek(SeekFrom::Start(offset))?;
                    let mut bytes = vec![0; length as usize];
                    tar.read_exact(&mut bytes)?;
                    Ok(bytes)
                }
            }
        };
        read().map_err(|error| Error::file_error(self.name(path), error))
    }
}
