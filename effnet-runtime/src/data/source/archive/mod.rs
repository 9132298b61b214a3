//! A tar, and where its files lie in it.

mod gzip;
mod links;
mod scan;
mod sparse;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use super::Ignored;
use super::bytes::{Bytes, Stored};
use crate::data::error::Error;

/// The largest compressed tar, which is held in memory whole; the user has to unpack a larger one.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;

/// A tar, and where its files lie in it. A gzip-compressed one is unpacked into memory.
pub(super) struct Archive {
    /// Its path.
    pub(super) origin: String,
    pub(super) bytes: Bytes,
    pub(super) entries: Vec<Entry>,
    /// Entries that are neither files nor folders.
    pub(super) ignored: Ignored,
}

/// A file or folder of a tar. A link stands as its target.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path, with `/` between its parts.
    pub(super) path: String,
    /// Where its bytes lie; none for a folder.
    pub(super) stored: Option<Stored>,
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let origin = path.display().to_string();
        let open = || {
            let (mut file, mut magic) = (File::open(path)?, Vec::new());
            file.by_ref().take(6).read_to_end(&mut magic)?;
            file.rewind()?;
            Ok((file, magic))
        };
        let (file, magic) = open().map_err(Error::file_error(&origin))?;
        if magic.starts_with(&[0x1f, 0x8b]) {
            return Self::from_gzip(&origin, file);
        }
        if let Some((_, name, command)) = PACKED.iter().find(|(mark, ..)| magic.starts_with(mark)) {
            let reason = format!("is {name}, and nothing but tar and gzip is read here: type {command} {origin}");
            return Err(Error::layout(&origin, reason + ", and give what that leaves"));
        }
        Self::new(origin, Bytes::File(file))
    }

    /// Decompresses a gzip-compressed tar into memory.
    pub(super) fn from_gzip(origin: &str, packed: impl Read) -> Result<Self, Error> {
        let gzip::Unpacked { bytes, followed } =
            gzip::unpack(packed, MAX_UNPACKED_BYTES).map_err(Error::file_error(origin))?;
        if bytes.len() as u64 > MAX_UNPACKED_BYTES {
            return Err(Error::layout(origin, "is larger than 1 GiB unpacked: run gunzip on it and give the tar"));
        }
        if followed {
            // A tar ends with blocks of zeros. Without them, the bytes that follow may be its damaged rest.
            if !bytes.ends_with(&[0; 512]) {
                let reason = "is a part of a compressed tar, followed by bytes that are no gzip: copy it again";
                return Err(Error::layout(origin, reason));
            }
            tracing::warn!("{origin}: the bytes behind the compressed tar are no gzip, and are left out");
        }
        Self::new(origin.to_owned(), Bytes::Memory(bytes))
    }

    fn new(origin: String, bytes: Bytes) -> Result<Self, Error> {
        let mut ignored = Ignored::default();
        let members = match &bytes {
            Bytes::File(file) => scan::scan(&origin, &mut &*file, &mut ignored)?,
            Bytes::Memory(bytes) => scan::scan(&origin, &mut Cursor::new(bytes), &mut ignored)?,
        };
        let entries = links::follow(&origin, members, &mut ignored)?;
        Ok(Self { origin, bytes, entries, ignored })
    }

    /// Whether it was compressed.
    pub(super) fn is_packed(&self) -> bool {
        matches!(self.bytes, Bytes::Memory(_))
    }
}

/// Other archives and compressions: signature, name, and the command that unpacks one.
const PACKED: [(&[u8], &str, &str); 12] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "compressed with zstd", "zstd -d"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "compressed with xz", "unxz"),
    (b"BZh", "compressed with bzip2", "bunzip2"),
    (&[0x04, 0x22, 0x4d, 0x18], "compressed with lz4", "lz4 -d"),
    (b"LZIP", "compressed with lzip", "lzip -d"),
    (&[0x1f, 0x9d], "compressed with compress", "uncompress"),
    (b"PK\x03\x04", "a zip file", "unzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x"),
    (b"Rar!\x1a\x07", "a rar archive", "unrar x"),
    (b"07070", "a cpio archive", "cpio -id <"),
    (b"xar!", "a xar archive", "xar -xf"),
    (b"!<arc", "an ar archive", "ar x"),
];
