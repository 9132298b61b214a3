use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::files::MAX_FILE_BYTES;

/// A file's contents, read at any position from any number of threads.
pub(super) enum Bytes {
    /// Held open, and read by position: threads then share none.
    File(File),
    Memory(Vec<u8>),
}

/// A stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) length: u64,
}

impl Bytes {
    pub(super) fn read(&self, place: Place) -> io::Result<Vec<u8>> {
        match self {
            Self::File(file) => read_at(file, place),
            Self::Memory(bytes) => {
                let end = place.offset.checked_add(place.length);
                let range = end.and_then(|end| bytes.get(place.offset as usize..end as usize));
                range.map(<[u8]>::to_vec).ok_or_else(cut_off)
            }
        }
    }
}

/// Reads a stretch of a file without moving the position in it.
pub(super) fn read_at(file: &File, place: Place) -> io::Result<Vec<u8>> {
    if place.length > MAX_FILE_BYTES {
        return Err(io::Error::other("it is larger than 256 MiB"));
    }
    let mut bytes = vec![0; place.length as usize];
    file.read_exact_at(&mut bytes, place.offset).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => cut_off(),
        _ => error,
    })?;
    Ok(bytes)
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the file that holds it has become shorter")
}
