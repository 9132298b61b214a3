//! JPEG: which of two decoders reads a picture, and what both must be told.

mod frame;
mod header;
mod huffman;
mod scans;
mod segments;

use std::borrow::Cow;

use image::{DynamicImage, ImageFormat};

use super::{by_image_crate, turned, unsupported};
use frame::{Frame, Sampling};
use header::Header;

/// Decodes a JPEG, and turns it by its orientation.
///
/// # Errors
/// The rest of a sentence.
pub(super) fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    let header = Header::read(bytes)?;
    if let Some(kind) = header.frame.as_ref().and_then(Frame::unsupported) {
        return Err(unsupported("JPEG", kind));
    }
    let bytes =
        if header.lacks_tables { Cow::Owned(huffman::with_standard_tables(bytes)) } else { Cow::Borrowed(bytes) };
    let image = match &header.frame {
        Some(frame) if !is_plain(&header, frame) => scans::decode(&bytes, &header, frame)?,
        _ => by_image_crate(ImageFormat::Jpeg, &bytes)?,
    };
    Ok(turned(image, header.orientation()))
}

/// Whether the faster decoder, the `image` crate's, is right for a picture: it is grey, or its chroma is sampled as
/// cameras and encoders do by default, and all components share one scan, or the coefficients come in passes.
fn is_plain(header: &Header<'_>, frame: &Frame) -> bool {
    const ONE: Sampling = Sampling { h: 1, v: 1 };
    const LUMA: [Sampling; 3] = [ONE, Sampling { h: 2, v: 1 }, Sampling { h: 2, v: 2 }];
    let samplings: Vec<Sampling> = frame.components.iter().map(|component| component.sampling).collect();
    let is_usual = match samplings.as_slice() {
        [_] => true,
        [luma, ONE, ONE] => LUMA.contains(luma),
        [luma, ONE, ONE, key] => LUMA.contains(luma) && key == luma,
        _ => false,
    };
    is_usual && (frame.is_progressive() || header.scans == [samplings.len()])
}
