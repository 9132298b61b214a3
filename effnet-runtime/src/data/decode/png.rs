//! PNG: metadata that the decoder does not return.

use std::io::Read;

use flate2::read::ZlibDecoder;
use image::metadata::Orientation;

use super::orientation;

/// Length of the signature in bytes.
const SIGNATURE: usize = 8;

/// The most bytes of a compressed text to read, as in Pillow. The orientation stands near the beginning.
const MAX_TEXT: u64 = 1 << 20;

/// A chunk's kind and its data.
type Chunk<'a> = (&'a [u8], &'a [u8]);

/// The orientation by a PNG's EXIF chunk, which stands before the pixels; else by EXIF in a text chunk, where
/// ImageMagick and GIMP write it; else by XMP.
pub(super) fn orientation(bytes: &[u8]) -> Orientation {
    let (mut exif, mut raw, mut xmp, mut pixels) = (None, None, None, false);
    for (kind, data) in chunks(bytes) {
        match kind {
            b"IDAT" => pixels = true,
            b"eXIf" if !pixels => exif = Some(data),
            b"tEXt" | b"zTXt" | b"iTXt" => match keyword(data) {
                b"Raw profile type exif" => raw = Some((kind, data)),
                b"XML:com.adobe.xmp" => xmp = Some((kind, data)),
                _ => {}
            },
            _ => {}
        }
    }
    let exif = exif.map(<[u8]>::to_vec).or_else(|| unhex(&raw.and_then(text)?));
    orientation::of(&exif.unwrap_or_default(), &xmp.and_then(text).unwrap_or_default())
}

/// The complete chunks.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = bytes.get(SIGNATURE..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first_chunk()?;
        let (kind, behind) = behind.split_at_checked(4)?;
        let (data, behind) = behind.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        // A checksum ends a chunk.
        rest = behind.get(4..)?;
        Some((kind, data))
    })
}

fn keyword(data: &[u8]) -> &[u8] {
    data.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The text of a chunk of one of the three kinds, decompressed; none where it is damaged.
fn text((kind, data): Chunk<'_>) -> Option<Vec<u8>> {
    let data = data.get(keyword(data).len() + 1..)?;
    match kind {
        b"tEXt" => Some(data.to_vec()),
        // The compression method stands in front.
        b"zTXt" => unpack(data.get(1..)?),
        _ => {
            let (&[is_packed, _method], data) = data.split_first_chunk()?;
            // The language and the translated keyword stand in front.
            let text = data.splitn(3, |byte| *byte == 0).nth(2)?;
            if is_packed == 0 { Some(text.to_vec()) } else { unpack(text) }
        }
    }
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    ZlibDecoder::new(packed).take(MAX_TEXT).read_to_end(&mut text).ok()?;
    Some(text)
}

/// The bytes of a raw profile: an empty line, its type, its length, then lines of hexadecimal digits.
fn unhex(profile: &[u8]) -> Option<Vec<u8>> {
    let digits = profile.splitn(4, |byte| *byte == b'\n').nth(3)?;
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    let digits: Vec<u8> = digits.iter().filter(|byte| !byte.is_ascii_whitespace()).map(digit).collect::<Option<_>>()?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
