//! WebP: chunks that its header promises and that are missing.

use std::borrow::Cow;

use image::metadata::Orientation;

use super::orientation;

/// Number of bytes behind a WebP's claimed end in which the decoder still looks for chunks.
const BEYOND: usize = 10;

/// Chunks that the decoder may read into memory whole.
const METADATA: [&[u8]; 3] = [b"EXIF", b"ICCP", b"XMP "];

/// Offset of the extended header's flags.
const FLAGS: usize = 20;

/// Flags of the extended header that promise a chunk. The decoder refuses a picture without it; libwebp takes it.
const PROMISES: [(u8, &[u8]); 2] = [(0x08, b"EXIF"), (0x04, b"XMP ")];

/// The flag of pictures that are not opaque; in a lossy one, a chunk holds the transparency.
const ALPHA: u8 = 0x10;

/// A WebP's chunks, each with its data.
pub(super) struct Chunks<'a> {
    bytes: &'a [u8],
    chunks: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Chunks<'a> {
    /// Finds the chunks.
    ///
    /// # Errors
    /// The rest of a sentence, if the file or a chunk is shorter than it claims. The decoder would allocate a metadata
    /// chunk by its claimed length, up to 4 GiB.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let cut_off = || "the WebP is cut off or damaged (it ends before its last chunk does)".to_owned();
        let number = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?) as usize);
        let end = number(4).ok_or_else(cut_off)? + 8;
        // Some encoders leave out the byte that pads the last chunk.
        if end > bytes.len() + 1 {
            return Err(cut_off());
        }
        let (mut at, mut chunks) = (12, Vec::new());
        while at < end + BEYOND {
            let (Some(kind), Some(size)) = (bytes.get(at..at + 4), number(at + 4)) else { break };
            let after = at + 8 + size;
            match bytes.get(at + 8..after) {
                Some(data) => chunks.push((kind, data)),
                None if at < end || METADATA.contains(&kind) => return Err(cut_off()),
                None => {}
            }
            at = after.next_multiple_of(2);
        }
        Ok(Self { bytes, chunks })
    }

    fn get(&self, kind: &[u8]) -> Option<&'a [u8]> {
        self.chunks.iter().find(|(other, _)| *other == kind).map(|(_, data)| *data)
    }

    /// The file, with the flags of missing chunks cleared.
    pub(super) fn with_true_flags(&self) -> Cow<'a, [u8]> {
        let is_extended = self.chunks.first().is_some_and(|(kind, data)| *kind == b"VP8X" && !data.is_empty());
        if !is_extended {
            return Cow::Borrowed(self.bytes);
        }
        let flags = self.bytes[FLAGS];
        let broken =
            PROMISES.iter().filter(|(_, kind)| self.get(kind).is_none()).fold(0, |flags, (flag, _)| flags | flag);
        let is_opaque = self.get(b"VP8 ").is_some() && self.get(b"ALPH").is_none();
        let broken = flags & (broken | if is_opaque { ALPHA } else { 0 });
        if broken == 0 {
            return Cow::Borrowed(self.bytes);
        }
        let mut bytes = self.bytes.to_vec();
        bytes[FLAGS] = flags & !broken;
        Cow::Owned(bytes)
    }

    pub(super) fn orientation(&self) -> Orientation {
        orientation::of(self.get(b"EXIF").unwrap_or_default(), self.get(b"XMP ").unwrap_or_default())
    }
}
