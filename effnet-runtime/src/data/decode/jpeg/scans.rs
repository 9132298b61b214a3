use std::io::Cursor;

use image::{DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::{ColorTransform, Decoder, Error, PixelFormat};

use super::super::{check_size, damaged, unsupported};
use super::frame::{Component, Frame};
use super::header::Header;

/// Decodes a JPEG of any sampling factors with whole ratios, in any number of scans.
///
/// The `image` crate's decoder shows green stripes, and no error, where components have scans of their own, and wrong
/// colours for most sampling factors of chroma. This decoder is slower and gets them right.
///
/// # Errors
/// The rest of a sentence.
pub(super) fn decode(bytes: &[u8], header: &Header<'_>, frame: &Frame) -> Result<DynamicImage, String> {
    check_factors(header, frame)?;
    let (width, height) = (u32::from(frame.width), u32::from(frame.height));
    check_size(width, height, u64::from(width) * u64::from(height) * frame.components.len() as u64)?;
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_color_transform(transform(header, frame));
    let samples = decoder.decode().map_err(|error| match error {
        Error::Unsupported(_) => unsupported("JPEG", error),
        error => damaged("JPEG", error),
    })?;
    let image = match decoder.info().map(|info| info.pixel_format) {
        Some(PixelFormat::L8) => GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
        Some(PixelFormat::RGB24) => RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
        Some(PixelFormat::CMYK32) => RgbImage::from_raw(width, height, without_black(&samples)).map(DynamicImage::from),
        Some(PixelFormat::L16) | None => None,
    };
    image.ok_or_else(|| damaged("JPEG", "its scans do not make a picture"))
}

/// Refuses what the decoder refuses or gets wrong: in a scan of one component with a factor that is neither 1 nor the
/// largest, it counts blocks as if the picture were padded to whole MCUs.
fn check_factors(header: &Header<'_>, frame: &Frame) -> Result<(), String> {
    let largest = frame.largest();
    let refuse = |part: &str| Err(unsupported("JPEG", format!("sampling factors {}{part}", frame.samplings())));
    let each = |component: &Component| [(component.sampling.h, largest.h), (component.sampling.v, largest.v)];
    let mut factors = frame.components.iter().flat_map(each);
    if !factors.clone().all(|(factor, largest)| factor > 0 && largest.is_multiple_of(factor)) {
        return refuse("");
    }
    let in_scans_of_their_own = frame.is_progressive() || header.scans.contains(&1);
    if in_scans_of_their_own && !factors.all(|(factor, largest)| factor == 1 || factor == largest) {
        return refuse(" in scans of their own");
    }
    Ok(())
}

/// The colour space of the components, by libjpeg's rule (`default_decompress_parms` in `jdapimin.c`).
fn transform(header: &Header<'_>, frame: &Frame) -> ColorTransform {
    let ids: Vec<u8> = frame.components.iter().map(|component| component.id).collect();
    match (ids.as_slice(), header.adobe) {
        ([_], _) => ColorTransform::Grayscale,
        ([_, _, _], _) if header.is_jfif => ColorTransform::YCbCr,
        ([_, _, _], Some(0)) | (b"RGB", None) => ColorTransform::RGB,
        ([_, _, _], _) => ColorTransform::YCbCr,
        (_, Some(0) | None) => ColorTransform::CMYK,
        (_, Some(_)) => ColorTransform::YCCK,
    }
}

/// CMYK to RGB, as in Pillow.
fn without_black(inks: &[u8]) -> Vec<u8> {
    let mixed = |ink: u8, light: u32| {
        let product = u32::from(ink) * light + 128;
        (light - (((product >> 8) + product) >> 8)) as u8
    };
    inks.chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]].map(|ink| mixed(ink, 255 - u32::from(pixel[3]))))
        .collect()
}
