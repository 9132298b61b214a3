use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

/// The contents of a gzip file.
pub(super) struct Unpacked {
    /// Longer than the limit where the contents are.
    pub(super) bytes: Vec<u8>,
    /// Whether bytes follow that are neither gzip nor zeros.
    pub(super) followed: bool,
}

/// Decompresses all members of a gzip file, up to one byte more than `limit`. Skips zeros after a member: tapes and
/// some programs pad with them.
pub(super) fn unpack(packed: impl Read, limit: u64) -> io::Result<Unpacked> {
    let mut packed = BufReader::new(packed);
    let mut bytes = Vec::new();
    loop {
        let room = limit + 1 - bytes.len() as u64;
        GzDecoder::new(&mut packed).take(room).read_to_end(&mut bytes)?;
        let next = if bytes.len() as u64 > limit { None } else { behind_zeros(&mut packed)? };
        match next {
            Some(MAGIC) => continue,
            next => return Ok(Unpacked { bytes, followed: next.is_some() }),
        }
    }
}

/// The first byte of a gzip file.
const MAGIC: u8 = 0x1f;

/// Skips zeros and peeks at the byte that follows.
fn behind_zeros(packed: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let buffer = packed.fill_buf()?;
        let zeros = buffer.iter().take_while(|byte| **byte == 0).count();
        let (next, end) = (buffer.get(zeros).copied(), buffer.is_empty());
        packed.consume(zeros);
        if next.is_some() || end {
            return Ok(next);
        }
    }
}
