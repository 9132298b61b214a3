use image::ImageFormat;

/// Finds a file's format by its first bytes.
///
/// # Errors
/// The rest of a sentence that says what the file is instead.
pub(super) fn recognise(bytes: &[u8]) -> Result<ImageFormat, String> {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, WebP};
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let begins = |(_, at, magic): &&(&str, usize, &[u8])| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic));
    let other = match image::guess_format(bytes) {
        Ok(format @ (Jpeg | Png | WebP | Gif | Bmp)) => return Ok(format),
        Ok(other) => Some(name(other)),
        Err(_) => OTHERS.iter().find(begins).map(|(name, ..)| *name),
    };
    if let Some(name) = other {
        return Err(format!("it is a {name} file, which is not supported: convert it to JPEG or PNG"));
    }
    let start = &bytes[..bytes.len().min(512)];
    let text = start.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..));
    Err(format!("it is not an image file{}", if text { " but text" } else { "" }))
}

/// Formats that `image` does not know: name, offset of the signature, signature.
const OTHERS: [(&str, usize, &[u8]); 9] = [
    ("HEIC", 4, b"ftyphei"),
    ("HEIC", 4, b"ftypmif1"),
    ("HEIC", 4, b"ftyphevc"),
    ("JPEG XL", 0, b"\xff\x0a"),
    ("JPEG XL", 4, b"JXL \r\n\x87\n"),
    ("JPEG 2000", 4, b"jP  \r\n\x87\n"),
    ("Photoshop", 0, b"8BPS"),
    ("PDF", 0, b"%PDF-"),
    ("SVG", 0, b"<svg"),
];

/// A format's usual name.
pub(super) fn name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Png => "PNG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Gif => "GIF",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Tiff => "TIFF",
        ImageFormat::Avif => "AVIF",
        ImageFormat::Ico => "ICO",
        ImageFormat::Pnm => "PNM",
        ImageFormat::OpenExr => "OpenEXR",
        ImageFormat::Hdr => "Radiance HDR",
        ImageFormat::Dds => "DDS",
        ImageFormat::Qoi => "QOI",
        ImageFormat::Farbfeld => "farbfeld",
        _ => "picture of another format's",
    }
}
