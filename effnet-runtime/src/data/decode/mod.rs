//! Decodes bytes to the picture that a person sees.

mod format;
mod gif;
mod jpeg;
mod orientation;
mod png;
#[cfg(test)]
mod tests;
mod webp;

use std::fmt::Display;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage};

use super::error::{Error, panic_message};

/// The largest side of a picture that [`decode`] takes, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// The most memory of a decoded picture that [`decode`] takes, in bytes.
pub const MAX_DECODED_BYTES: u64 = 256 << 20;

/// The most memory for a file's metadata, in bytes: a colour profile in a PNG is compressed, and can grow a
/// thousandfold.
const MAX_METADATA_BYTES: u64 = 16 << 20;

/// Decodes JPEG, PNG, WebP, GIF (its first frame) or BMP to 8-bit RGB. The format follows from the content.
///
/// The result is what a viewer shows: turned by its orientation, composited on white, converted from CMYK and 16 bits,
/// colour profiles ignored (as in Pillow's `ImageOps.exif_transpose` and `convert`, which the tests compare with).
/// Metadata are EXIF and XMP in JPEG, PNG and WebP, and EXIF in a PNG's text. Unlike Pillow, this ignores EXIF behind a
/// PNG's pixels, as the format's third edition says, and leaves the screen around a GIF's frame white, as browsers do.
///
/// `name` is used in messages only.
///
/// # Errors
/// [`Error::Image`] if the bytes are no picture, one of a format or a kind that is not supported (the message names
/// it), damaged or truncated, or beyond [`MAX_SIDE`] or [`MAX_DECODED_BYTES`].
pub fn decode(bytes: &[u8], name: &str) -> Result<RgbImage, Error> {
    let decode = AssertUnwindSafe(|| decode_as(format::recognise(bytes)?, bytes));
    // A decoder's panic on a damaged file must cost only that file, not the run.
    let decoded =
        catch_unwind(decode).unwrap_or_else(|panic| Err(format!("its decoder panicked: {}", panic_message(&*panic))));
    decoded.map_err(|reason| Error::image(name, reason))
}

fn decode_as(format: ImageFormat, bytes: &[u8]) -> Result<RgbImage, String> {
    let image = match format {
        ImageFormat::Jpeg => jpeg::decode(bytes)?,
        ImageFormat::Png => turned(by_image_crate(format, bytes)?, png::orientation(bytes)),
        ImageFormat::WebP => {
            let chunks = webp::Chunks::read(bytes)?;
            turned(by_image_crate(format, &chunks.with_true_flags())?, chunks.orientation())
        }
        ImageFormat::Gif => by_image_crate(format, &gif::with_grown_screen(bytes))?,
        _ => by_image_crate(format, bytes)?,
    };
    Ok(if image.color().has_alpha() { on_white(&image.into_rgba8()) } else { image.into_rgb8() })
}

fn turned(mut image: DynamicImage, orientation: Orientation) -> DynamicImage {
    image.apply_orientation(orientation);
    image
}

/// Decodes a picture as it lies in the file.
fn by_image_crate(format: ImageFormat, bytes: &[u8]) -> Result<DynamicImage, String> {
    let explain = |error| explain(format, &error);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // The dimensions are checked below, where the message can name the numbers. Until then only metadata are read.
    let mut metadata = Limits::no_limits();
    metadata.max_alloc = Some(MAX_METADATA_BYTES);
    reader.limits(metadata);
    let mut decoder = reader.into_decoder().map_err(explain)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height, decoder.total_bytes())?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(2 * MAX_DECODED_BYTES);
    decoder.set_limits(limits).map_err(explain)?;
    DynamicImage::from_decoder(decoder).map_err(explain)
}

/// Refuses a picture that is empty or too large, before memory is allocated for it.
fn check_size(width: u32, height: u32, bytes: u64) -> Result<(), String> {
    if width == 0 || height == 0 {
        return Err(format!("it is {width} × {height} pixels"));
    }
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(format!("it is {width} × {height} pixels, and {MAX_SIDE} a side is the limit"));
    }
    if bytes > MAX_DECODED_BYTES {
        let (mib, limit) = (bytes >> 20, MAX_DECODED_BYTES >> 20);
        return Err(format!("it is {width} × {height} pixels, {mib} MiB decoded, and {limit} MiB is the limit"));
    }
    Ok(())
}

/// Composites a picture on white, rounding to nearest.
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
        ImageError::Unsupported(_) => unsupported(name, error),
        ImageError::Limits(_) => format!("the {name} takes more memory to decode than is allowed"),
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            format!("the {name} is cut off")
        }
        _ => damaged(name, error),
    }
}

/// The sentence for a kind of picture that no decoder here reads in full.
fn unsupported(name: &str, kind: impl Display) -> String {
    format!("this kind of {name} is not supported ({}): convert it", in_one_line(kind))
}

fn damaged(name: &str, reason: impl Display) -> String {
    format!("the {name} is damaged ({})", in_one_line(reason))
}

/// Some messages of decoders end with a line break.
fn in_one_line(text: impl Display) -> String {
    text.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
