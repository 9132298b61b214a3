use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use super::files::check_length;

/// A file's contents, read at any position from any number of threads.
pub(super) enum Bytes {
    /// A file held open and read by position: threads share no cursor.
    File(File),
    Memory(Vec<u8>),
}

/// A stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// Where a file's bytes lie in the file that contains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Whole(Place),
    Sparse(Arc<Sparse>),
}

/// A file stored without its long runs of zeros.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sparse {
    pub(super) length: u64,
    /// The stored stretches, each with its offset in the unpacked file: in order, and within the length.
    pub(super) stretches: Vec<(u64, Place)>,
}

impl Stored {
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Whole(place) => place.length,
            Self::Sparse(sparse) => sparse.length,
        }
    }

    /// Offset of the first byte.
    pub(super) fn offset(&self) -> u64 {
        match self {
            Self::Whole(place) => place.offset,
            Self::Sparse(sparse) => sparse.stretches.first().map_or(0, |(_, place)| place.offset),
        }
    }
}

impl Bytes {
    /// Reads a file's bytes out of the file that contains it.
    pub(super) fn read(&self, stored: &Stored) -> io::Result<Vec<u8>> {
        check_length(stored.length())?;
        let mut bytes = vec![0; stored.length() as usize];
        match stored {
            Stored::Whole(place) => self.fill(place.offset, &mut bytes)?,
            Stored::Sparse(sparse) => {
                for (start, place) in &sparse.stretches {
                    self.fill(place.offset, &mut bytes[*start as usize..][..place.length as usize])?;
                }
            }
        }
        Ok(bytes)
    }

    pub(super) fn read_place(&self, place: Place) -> io::Result<Vec<u8>> {
        self.read(&Stored::Whole(place))
    }

    fn fill(&self, offset: u64, part: &mut [u8]) -> io::Result<()> {
        let cut_off = || io::Error::new(ErrorKind::UnexpectedEof, "the file that holds it has become shorter");
        match self {
            Self::File(file) => read_exact_at(file, part, offset).map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => cut_off(),
                _ => error,
            }),
            Self::Memory(bytes) => {
                let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
                part.copy_from_slice(rest.and_then(|rest| rest.get(..part.len())).ok_or_else(cut_off)?);
                Ok(())
            }
        }
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, part: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, part, offset)
}

/// The file's cursor moves too; nobody reads by it.
#[cfg(windows)]
fn read_exact_at(file: &File, mut part: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !part.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, part, offset) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                part = &mut part[count..];
                offset += count as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
