//! A stretch of a file, as the HDF5 reader's source.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

use hdf5_pure::{FormatError, Source};

/// A stretch of a file: all of it, or an entry of an archive.
#[derive(Debug)]
pub(super) struct Part {
    file: Mutex<File>,
    start: u64,
    length: u64,
}

impl Part {
    /// The `length` bytes from `start` on, which the file has.
    pub(super) fn new(file: File, start: u64, length: u64) -> Self {
        Self { file: Mutex::new(file), start, length }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }
}

impl Source for Part {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<(), FormatError> {
        let wanted = bytes.len() as u64;
        let end = offset.checked_add(wanted).ok_or(FormatError::OffsetOverflow { offset, length: wanted })?;
        if end > self.length {
            let (expected, available) = (end as usize, self.length as usize);
            return Err(FormatError::UnexpectedEof { expected, available });
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file.seek(SeekFrom::Start(self.start + offset)).and_then(|_| file.read_exact(bytes));
        read.map_err(|error| FormatError::Source(error.to_string()))
    }
}
