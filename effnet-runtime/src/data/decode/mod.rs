//! Encoded bytes to the picture that a person sees.

mod format;
mod jpeg;
#[cfg(test)]
mod tests;
mod webp;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage};

use super::error::Error;
use super::panics;

/// The largest picture that [`decode`] takes, in pixels a side.
pub const MAX_SIDE: u32 = 16_384;

/// The most memory that [`decode`] lets a decoded picture take, in bytes.
pub const MAX_DECODED_BYTES: u64 = 256 << 20;

/// The most memory that what a file says beside its pixels may take, in bytes: a colour profile in a PNG is compressed,
/// and can grow a thousandfold.
const MAX_METADATA_BYTES: u64 = 16 << 20;

/// Decodes JPEG, PNG, WebP, GIF (its first frame) or BMP to 8-bit RGB. The format follows from the content.
///
/// The result is what a viewer shows: turned as EXIF says, transparency on white, CMYK and 16 bits converted, colour
/// profiles ignored (as Pillow's `ImageOps.exif_transpose` and `convert` have it, which the tests compare with).
///
/// `name` serves messages only.
///
/// # Errors
/// [`Error::Image`] if the bytes are no picture, one of another format (which is named), damaged or cut off, or beyond
/// [`MAX_SIDE`] or [`MAX_DECODED_BYTES`].
pub fn decode(bytes: &[u8], name: &str) -> Result<RgbImage, Error> {
    let format = format::recognise(bytes).map_err(|reason| Error::image(name, reason))?;
    if format == ImageFormat::Jpeg && !jpeg::is_complete(bytes) {
        return Err(Error::image(name, "the JPEG is cut off or damaged (it has no end marker)"));
    }
    if format == ImageFormat::WebP && !webp::is_complete(bytes) {
        return Err(Error::image(name, "the WebP is cut off or damaged (it ends within a chunk)"));
    }
    // A decoder that panics on a damaged file must cost that file, not the run.
    match catch_unwind(AssertUnwindSafe(|| decode_as(format, bytes))) {
        Ok(Ok(image)) => Ok(image),
        Ok(Err(reason)) => Err(Error::image(name, reason)),
        Err(panic) => Err(Error::image(name, format!("its decoder panicked: {}", panics::message(&*panic)))),
    }
}

fn decode_as(format: ImageFormat, bytes: &[u8]) -> Result<RgbImage, String> {
    let explain = |error| explain(format, &error);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // Dimensions are checked below, where the message can say the numbers. Until then only metadata are read.
    let mut metadata = Limits::no_limits();
    metadata.max_alloc = Some(MAX_METADATA_BYTES);
    reader.limits(metadata);
    let mut decoder = reader.into_decoder().map_err(explain)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(format!("it is {width} × {height} pixels"));
    }
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(format!("it is {width} × {height} pixels, and {MAX_SIDE} a side is the limit"));
    }
    if decoder.total_bytes() > MAX_DECODED_BYTES {
        let (mib, limit) = (decoder.total_bytes() >> 20, MAX_DECODED_BYTES >> 20);
        return Err(format!("it is {width} × {height} pixels, {mib} MiB decoded, and {limit} MiB is the limit"));
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(2 * MAX_DECODED_BYTES);
    decoder.set_limits(limits).map_err(explain)?;
    let orientation = decoder.orientation().map_err(explain)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(explain)?;
    image.apply_orientation(orientation);
    Ok(if image.color().has_alpha() { on_white(&image.into_rgba8()) } else { image.into_rgb8() })
}

/// Composites a picture on a white ground, rounding to nearest.
fn on_white(image: &RgbaImage) -> RgbImage {
    let mut out = RgbImage::new(image.width(), image.height());
    for (to, from) in out.chunks_exact_mut(3).zip(image.chunks_exact(4)) {
        let alpha = u32::from(from[3]);
        for (to, &from) in to.iter_mut().zip(&from[..3]) {
            *to = ((u32::from(from) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        }
    }
    out
}

/// A decoder's error as the rest of a sentence.
fn explain(format: ImageFormat, error: &ImageError) -> String {
    let name = format::name(format);
    match error {
        ImageError::Unsupported(_) => format!("this kind of {name} is not supported ({error})"),
        ImageError::Limits(_) => format!("the {name} takes more memory to decode than is allowed"),
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            format!("the {name} is cut off")
        }
        _ => format!("the {name} is damaged ({error})"),
    }
}
