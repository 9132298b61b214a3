//! Sparse files in tars: GNU's own format, and its formats 0.0, 0.1 and 1.0 in pax headers
//! (<https://www.gnu.org/software/tar/manual/html_section/Sparse-Formats.html>).

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use tar::{Entry, GnuExtSparseHeader, GnuSparseHeader, Header};

use super::super::bytes::{Place, Sparse, Stored};

/// The most stretches that a tar's sparse files may have together.
pub(super) const MAX_STRETCHES: usize = 1 << 20;

const BLOCK: u64 = 512;

/// The most digits of a number in a map.
const MAX_DIGITS: u64 = 20;

/// A sparse file's stretches, as far as its header tells.
pub(super) struct Map {
    /// The file's name, where it differs from the entry's.
    pub(super) name: Option<Vec<u8>>,
    /// Length of the whole file in bytes.
    length: u64,
    /// Offsets of stretches in the file, and their lengths.
    stretches: Vec<(u64, u64)>,
    more: More,
    /// Offset of the rest of the map, which the stretches follow.
    at: u64,
}

/// The format of a map's rest.
enum More {
    Nothing,
    /// Blocks of more stretches.
    Blocks,
    /// Decimal numbers, one a line.
    Decimals,
}

/// The map of an entry in GNU's own format whose body begins at `at`.
pub(super) fn of_header(header: &Header, at: u64) -> io::Result<Option<Map>> {
    let Some(header) = header.as_gnu() else { return Ok(None) };
    let stretches = stretches(&header.sparse)?;
    let more = if header.is_extended() { More::Blocks } else { More::Nothing };
    Ok(Some(Map { name: None, length: header.real_size()?, stretches, more, at }))
}

fn stretches(headers: &[GnuSparseHeader]) -> io::Result<Vec<(u64, u64)>> {
    headers.iter().filter(|header| !header.is_empty()).map(|header| Ok((header.offset()?, header.length()?))).collect()
}

/// The map in an entry's pax header, if it is sparse.
pub(super) fn of_extensions(entry: &mut Entry<'_, impl Read>, body: Place) -> io::Result<Option<Map>> {
    let Some(extensions) = entry.pax_extensions()? else { return Ok(None) };
    let (mut name, mut length, mut more, mut starts, mut lengths) = (None, None, More::Nothing, Vec::new(), Vec::new());
    for extension in extensions.flatten() {
        let number = || extension.value().ok().and_then(|value| value.parse().ok()).ok_or_else(nonsense);
        match extension.key_bytes() {
            b"GNU.sparse.name" => name = Some(extension.value_bytes().to_vec()),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => length = Some(number()?),
            b"GNU.sparse.major" if number()? == 1 => more = More::Decimals,
            b"GNU.sparse.offset" => starts.push(number()?),
            b"GNU.sparse.numbytes" => lengths.push(number()?),
            b"GNU.sparse.map" => {
                let numbers = extension.value().map_err(|_| nonsense())?.split(',').take(2 * MAX_STRETCHES + 2);
                for (at, number) in numbers.enumerate() {
                    let into = if at % 2 == 0 { &mut starts } else { &mut lengths };
                    into.push(number.parse().map_err(|_| nonsense())?);
                }
            }
            _ => {}
        }
        if starts.len() > MAX_STRETCHES {
            return Err(too_many());
        }
    }
    let Some(length) = length else { return Ok(None) };
    let no_map = starts.is_empty() && matches!(more, More::Nothing);
    if no_map || starts.len() != lengths.len() {
        return Err(nonsense());
    }
    Ok(Some(Map { name, length, stretches: starts.into_iter().zip(lengths).collect(), more, at: body.offset }))
}

impl Map {
    /// Number of stretches that the header names.
    pub(super) fn known(&self) -> usize {
        self.stretches.len()
    }

    /// Reads the rest of the map, and finds the stretches in a tar of `end` bytes. `room` is the part of
    /// [`MAX_STRETCHES`] that is still free.
    pub(super) fn read(mut self, tar: &mut (impl Read + Seek), end: u64, room: &mut usize) -> io::Result<Stored> {
        tar.seek(SeekFrom::Start(self.at))?;
        match self.more {
            More::Nothing => {}
            More::Blocks => self.read_blocks(BufReader::new(tar), *room)?,
            More::Decimals => self.read_decimals(BufReader::new(tar), *room)?,
        }
        let (mut stretches, mut done, mut at) = (Vec::new(), 0, self.at);
        for (start, length) in self.stretches {
            let after = start.checked_add(length).filter(|after| start >= done && *after <= self.length);
            done = after.ok_or_else(nonsense)?;
            if length > 0 {
                stretches.push((start, Place { offset: at, length }));
                at = at.checked_add(length).filter(|at| *at <= end).ok_or_else(|| fault("it is cut off"))?;
            }
        }
        *room = room.checked_sub(stretches.len()).ok_or_else(too_many)?;
        Ok(Stored::Sparse(Arc::new(Sparse { length: self.length, stretches })))
    }

    fn read_blocks(&mut self, mut tar: impl Read, room: usize) -> io::Result<()> {
        loop {
            let mut block = GnuExtSparseHeader::new();
            tar.read_exact(block.as_mut_bytes())?;
            self.at += BLOCK;
            self.stretches.extend(stretches(&block.sparse)?);
            if self.stretches.len() > room {
                return Err(too_many());
            }
            if !block.is_extended() {
                return Ok(());
            }
        }
    }

    fn read_decimals(&mut self, mut tar: impl BufRead, room: usize) -> io::Result<()> {
        let (mut read, mut line) = (0, String::new());
        let mut next = || {
            line.clear();
            read += tar.by_ref().take(MAX_DIGITS + 1).read_line(&mut line)? as u64;
            let number = line.strip_suffix('\n').and_then(|number| number.parse::<u64>().ok()).ok_or_else(nonsense)?;
            Ok::<_, io::Error>((number, read))
        };
        let (count, mut read) = next()?;
        if count > room as u64 {
            return Err(too_many());
        }
        for _ in 0..count {
            let (start, _) = next()?;
            let (length, after) = next()?;
            self.stretches.push((start, length));
            read = after;
        }
        // The numbers are padded to whole blocks.
        self.at += read.next_multiple_of(BLOCK);
        Ok(())
    }
}

fn fault(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

fn nonsense() -> io::Error {
    fault("it makes no sense")
}

pub(super) fn too_many() -> io::Error {
    fault("it names more than 1,048,576 stretches")
}
