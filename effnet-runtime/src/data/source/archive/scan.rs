use std::io::{self, Read, Seek, SeekFrom};

use super::super::Ignored;
use super::super::bytes::{Place, Stored};
use super::sparse::{self, Map};
use crate::data::error::Error;

/// The longest path of an entry or of a link's target, in bytes: the longest on Linux.
pub(super) const MAX_PATH: usize = 4096;

/// A file, folder or link of a tar.
pub(super) struct Member {
    /// Its path, with `/` between its parts.
    pub(super) path: String,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Folder,
    File(Stored),
    /// A link to a path, from the tar's root.
    Hard(String),
    /// A link to a path, from the link's folder.
    Symbolic(String),
}

/// Lists a tar's members by their headers alone, in order; skips the bodies. Counts devices, pipes and other entries that
/// have no contents to unpack.
pub(super) fn scan(origin: &str, tar: &mut (impl Read + Seek), ignored: &mut Ignored) -> Result<Vec<Member>, Error> {
    let broken = |error: io::Error| Error::layout(origin, format!("is not a folder and not a readable tar: {error}"));
    let unmapped = |path: &str, reason: io::Error| {
        Error::layout(origin, format!("holds {path}, whose map of zeros cannot be read ({reason}): pack it again"))
    };
    let end = tar.seek(SeekFrom::End(0)).map_err(broken)?;
    let start = behind_label(tar).map_err(broken)?;
    let mut members = Vec::new();
    // Maps of sparse files lie among the bodies, and are read after all headers.
    let (mut maps, mut known): (Vec<(usize, Map)>, usize) = (Vec::new(), 0);
    for entry in ::tar::Archive::new(Behind { tar: &mut *tar, start }).entries_with_seek().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let kind = entry.header().entry_type();
        let place = Place { offset: start + entry.raw_file_position(), length: entry.size() };
        let map = match kind {
            _ if kind.is_gnu_sparse() => sparse::of_header(entry.header(), place.offset),
            _ if kind.is_file() => sparse::of_extensions(&mut entry, place),
            _ => Ok(None),
        };
        known += map.as_ref().map_or(0, |map| map.as_ref().map_or(0, Map::known));
        let map = if known > sparse::MAX_STRETCHES { Err(sparse::too_many()) } else { map };
        let map = map.map_err(|reason| unmapped(&String::from_utf8_lossy(&entry.path_bytes()), reason))?;
        let raw = map.as_ref().and_then(|map| map.name.clone()).unwrap_or_else(|| entry.path_bytes().into_owned());
        let path = join(name(origin, &raw)?);
        let target = || name(origin, &entry.link_name_bytes().unwrap_or_default()).map(str::to_owned);
        let kind = match kind.as_byte() {
            b'5' | b'D' => Kind::Folder,
            // The first tars had no type for folders.
            b'0' if raw.ends_with(b"/") => Kind::Folder,
            // A link may come with the contents.
            b'1' if place.length == 0 => Kind::Hard(join(&target()?)),
            b'2' => Kind::Symbolic(target()?),
            b'3' | b'4' | b'6' => {
                ignored.add("pipe or device");
                continue;
            }
            b'M' => {
                ignored.add("begun in another volume");
                continue;
            }
            // Entries about other entries: labels, extended headers, access lists.
            b'A' | b'E' | b'I' | b'K' | b'L' | b'N' | b'V' | b'X' | b'g' | b'x' => continue,
            // POSIX treats an unknown type as a file.
            _ => Kind::File(Stored::Whole(place)),
        };
        let within = |place: Place| place.offset.checked_add(place.length).is_some_and(|after| after <= end);
        if map.is_none() && matches!(&kind, Kind::File(Stored::Whole(place)) if !within(*place)) {
            return Err(Error::layout(origin, format!("ends within {path}: it was cut off, copy it again")));
        }
        maps.extend(map.map(|map| (members.len(), map)));
        members.push(Member { path, kind });
    }
    let mut room = sparse::MAX_STRETCHES;
    for (number, map) in maps {
        let member = &mut members[number];
        let stored = map.read(tar, end, &mut room).map_err(|reason| unmapped(&member.path, reason))?;
        member.kind = Kind::File(stored);
    }
    Ok(members)
}

/// Offset of the first header that is no label. GNU tar writes volume labels without a size, which the crate refuses.
fn behind_label(tar: &mut (impl Read + Seek)) -> io::Result<u64> {
    let mut header = Vec::new();
    tar.rewind()?;
    tar.by_ref().take(512).read_to_end(&mut header)?;
    let start = if header.get(156) == Some(&b'V') { 512 } else { 0 };
    tar.seek(SeekFrom::Start(start))?;
    Ok(start)
}

/// A tar without its first bytes.
struct Behind<'a, T> {
    tar: &'a mut T,
    start: u64,
}

impl<T: Read> Read for Behind<'_, T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.tar.read(into)
    }
}

impl<T: Seek> Seek for Behind<'_, T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => SeekFrom::Start(self.start.saturating_add(at)),
            to => to,
        };
        let at = self.tar.seek(to)?;
        at.checked_sub(self.start).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
    }
}

/// Checks that a name is UTF-8 and not too long.
fn name<'a>(origin: &str, bytes: &'a [u8]) -> Result<&'a str, Error> {
    if bytes.len() > MAX_PATH {
        let reason = format!("holds a name of {} bytes, and {MAX_PATH} is the limit: rename it", bytes.len());
        return Err(Error::layout(origin, reason));
    }
    std::str::from_utf8(bytes).map_err(|_| {
        let name = String::from_utf8_lossy(bytes);
        Error::layout(origin, format!("holds a name that is not UTF-8, {name}: rename it"))
    })
}

/// A path without empty names and `.`.
fn join(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}
