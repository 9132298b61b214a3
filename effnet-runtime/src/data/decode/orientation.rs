//! A picture's orientation, by its metadata.

use exif::{In, Reader, Tag, Value};
use image::metadata::Orientation;

/// Stands in front of EXIF in a JPEG's segment, and by mistake elsewhere.
const PREFIX: &[u8] = b"Exif\0\0";

/// The orientation that EXIF names, else the one that XMP names, as in Pillow's `Image.getexif`. Either may be empty.
pub(super) fn of(exif: &[u8], xmp: &[u8]) -> Orientation {
    let code = of_exif(exif).or_else(|| of_xmp(xmp));
    code.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

/// The tag in EXIF's first directory, with `Exif` in front of it or without.
fn of_exif(mut exif: &[u8]) -> Option<u8> {
    for _ in 0..2 {
        exif = exif.strip_prefix(PREFIX).unwrap_or(exif);
    }
    if exif.is_empty() {
        return None;
    }
    // A damaged field does not hide the others.
    let read = Reader::new().continue_on_error(true).read_raw(exif.to_vec());
    let exif = read.or_else(|error| error.distill_partial_result(|_| ())).ok()?;
    match &exif.get_field(Tag::Orientation, In::PRIMARY)?.value {
        code @ (Value::Short(_) | Value::Long(_)) => code.get_uint(0).and_then(|code| u8::try_from(code).ok()),
        _ => None,
    }
}

/// The digit of `tiff:Orientation="6"` or `<tiff:Orientation>6<`.
fn of_xmp(xmp: &[u8]) -> Option<u8> {
    const NAME: &[u8] = b"tiff:Orientation";
    xmp.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME).find_map(|(at, _)| {
        let rest = &xmp[at + NAME.len()..];
        match rest.strip_prefix(b"=\"").or_else(|| rest.strip_prefix(b">"))? {
            [digit @ b'0'..=b'9', ..] => Some(digit - b'0'),
            _ => None,
        }
    })
}
