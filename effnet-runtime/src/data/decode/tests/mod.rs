mod archives;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};

use super::decode;

/// Mean difference from Pillow, in bytes, that lossy decoding may leave: libjpeg-turbo and libwebp round their
/// transforms and colour conversions differently from our decoders.
const LOSSY_MEAN: f64 = 0.6;
/// The same for a single byte. Next to a hard edge, chroma upsampling differs most.
const LOSSY_MOST: u8 = 9;
/// Rounding of 16 bits to 8 and of compositing.
const LOSSLESS_MOST: u8 = 1;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/data/decode/fixtures")
}

/// Names and bytes of the pictures that have a reference.
fn pictures() -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<String> = std::fs::read_dir(fixtures())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().unwrap().strip_suffix(".ppm").map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(names.len(), 49, "fixtures are missing: run make.py in their folder");
    names.into_iter().map(|name| (name.clone(), std::fs::read(fixtures().join(name)).unwrap())).collect()
}

/// A picture's reference.
fn reference(name: &str) -> RgbImage {
    ppm(&std::fs::read(fixtures().join(format!("{name}.ppm"))).unwrap())
}

/// A binary PPM as Pillow writes it.
fn ppm(bytes: &[u8]) -> RgbImage {
    let header = bytes.splitn(4, |byte| *byte == b'\n').take(3).map(|line| String::from_utf8(line.to_vec()).unwrap());
    let header: Vec<String> = header.collect();
    let (width, height) = header[1].split_once(' ').unwrap();
    let start = header.iter().map(|line| line.len() + 1).sum();
    RgbImage::from_raw(width.parse().unwrap(), height.parse().unwrap(), bytes[start..].to_vec()).unwrap()
}

#[test]
fn every_kind_gives_the_picture_that_pillow_shows() {
    let mut wrong = Vec::new();
    for (name, bytes) in pictures() {
        if !is_as(&name, &decode(&bytes, &name).unwrap(), &reference(&name)) {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Whether a picture is the same as Pillow's.
fn is_as(name: &str, got: &RgbImage, want: &RgbImage) -> bool {
    if got.dimensions() != want.dimensions() {
        println!("{name:40} {:?} instead of {:?}", got.dimensions(), want.dimensions());
        return false;
    }
    let differences = got.iter().zip(want.iter()).map(|(a, b)| a.abs_diff(*b));
    let most = differences.clone().max().unwrap_or_default();
    let mean = differences.map(f64::from).sum::<f64>() / want.len() as f64;
    let lossy = name.ends_with(".jpg") || name.contains("lossy");
    println!("{name:40} most {most:3} mean {mean:.3}");
    most <= if lossy { LOSSY_MOST } else { LOSSLESS_MOST } && (!lossy || mean <= LOSSY_MEAN)
}

#[test]
fn what_is_cut_off_is_an_error_or_the_whole_picture() {
    // Whatever stands behind the pixels is metadata at most.
    let ends_with_pixels = |(name, _): &(String, Vec<u8>)| !name.ends_with("_behind.png");
    for (name, bytes) in pictures().into_iter().chain(archives::strangers()).filter(ends_with_pixels) {
        let whole = decode(&bytes, &name).unwrap();
        let step = bytes.len() / 400 + 1;
        for length in (0..bytes.len()).step_by(step).chain([bytes.len() - 1, bytes.len() - 2]) {
            match decode(&bytes[..length], "cut.file") {
                Ok(image) => assert!(image == whole, "{name} cut to {length} of {} bytes slips in", bytes.len()),
                Err(error) => {
                    let message = error.to_string();
                    assert!(message.starts_with("cannot decode cut.file: "), "{message}");
                    assert!(!message.contains("panicked") && !message.contains('\n'), "{name} at {length}: {message}");
                }
            }
        }
    }
}

#[test]
fn a_damaged_byte_never_panics() {
    for (name, bytes) in pictures().into_iter().chain(archives::strangers()) {
        for at in (0..bytes.len()).step_by(bytes.len() / 150 + 1) {
            for value in [0x00, 0xff, bytes[at] ^ 0x10] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                if let Err(error) = decode(&damaged, &name) {
                    let message = error.to_string();
                    assert!(!message.contains("panicked"), "{name} with {value} at {at}: {message}");
                }
            }
        }
    }
}

fn says(bytes: &[u8]) -> String {
    decode(bytes, "a/b.png").unwrap_err().to_string()
}

#[test]
fn what_is_no_picture_is_named() {
    assert_eq!(says(b""), "cannot decode a/b.png: the file is empty");
    assert_eq!(says(b"not a picture\n"), "cannot decode a/b.png: it is not an image file but text");
    assert_eq!(says(&[0, 1, 2, 3]), "cannot decode a/b.png: it is not an image file");
    let refused =
        |name| format!("cannot decode a/b.png: it is a {name} file, which is not supported: convert it to JPEG or PNG");
    let tiff = std::fs::read(fixtures().join("refused.tif")).unwrap();
    assert_eq!(says(&tiff), refused("TIFF"));
    assert_eq!(says(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), refused("HEIC"));
    assert_eq!(says(b"\0\0\0\x1cftypavif\0\0\0\0"), refused("AVIF"));
    assert_eq!(says(b"\xff\x0a\x00"), refused("JPEG XL"));
    assert_eq!(says(b"P6\n1 1\n255\nabc"), refused("PNM"));
    assert_eq!(says(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), refused("SVG"));
}

#[test]
fn the_format_follows_from_the_content() {
    let jpeg = std::fs::read(fixtures().join("rgb_444.jpg")).unwrap();
    assert!(decode(&jpeg, "wrongly-named.png").is_ok());
}

/// The smallest file with a header that claims these dimensions.
fn png_header(width: u32, height: u32, colour: u8) -> Vec<u8> {
    let mut body = b"IHDR".to_vec();
    body.extend(width.to_be_bytes());
    body.extend(height.to_be_bytes());
    body.extend([8, colour, 0, 0, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bytes.extend(&body);
    bytes.extend(crc.sum().to_be_bytes());
    // The beginning of an IDAT chunk: the header ends where the pixels begin.
    bytes.extend(b"\0\0\0\x10IDAT");
    bytes
}

/// A fixture's picture whose header claims other dimensions: at these offsets, in this many bytes, little-endian unless
/// `big`.
fn claiming(name: &str, places: &[usize], bytes: usize, big: bool, claim: u32) -> Vec<u8> {
    let mut file = std::fs::read(fixtures().join(name)).unwrap();
    for place in places {
        let field = &mut file[*place..*place + bytes];
        field.copy_from_slice(&claim.to_le_bytes()[..bytes]);
        if big {
            field.reverse();
        }
    }
    file
}

/// Offset of the first marker of a frame header in a JPEG.
fn frame(name: &str) -> usize {
    let file = std::fs::read(fixtures().join(name)).unwrap();
    file.windows(3).position(|bytes| matches!(bytes, [0xff, 0xc0 | 0xc2, 0])).unwrap()
}

/// Headers of every format that claim more than a side or the whole may have, each with what the message must say.
fn bombs() -> Vec<(Vec<u8>, &'static str)> {
    let (side, all) = ("16384 a side is the limit", "256 MiB is the limit");
    let (baseline, progressive) = (frame("rgb_444.jpg"), frame("progressive.jpg"));
    vec![
        (png_header(100_000, 100_000, 2), side),
        (png_header(16_384, 16_384, 2), all),
        (png_header(1, 16_385, 0), side),
        (claiming("rgb_444.jpg", &[baseline + 5, baseline + 7], 2, true, 0xffff), side),
        (claiming("rgb_444.jpg", &[baseline + 5, baseline + 7], 2, true, 16_384), all),
        (claiming("progressive.jpg", &[progressive + 5, progressive + 7], 2, true, 16_384), all),
        (claiming("plain.gif", &[6, 8], 2, false, 0xffff), side),
        (claiming("plain.gif", &[6, 8], 2, false, 16_384), all),
        (claiming("rgb.bmp", &[18, 22], 4, false, 20_000), side),
        // The decoder's own limit.
        (claiming("rgb.bmp", &[18, 22], 4, false, 100_000), "Image too large"),
        (claiming("rgb.bmp", &[18, 22], 4, false, 16_384), all),
        // A lossy WebP has 14 bits for a dimension: 16,383 at most.
        (claiming("lossy.webp", &[26, 28], 2, false, 0x3fff), all),
        (claiming("animated.webp", &[24, 27], 3, false, 20_000), side),
        // The decoder's own limit.
        (claiming("animated.webp", &[24, 27], 3, false, 0xff_ffff), "Image too large"),
        (claiming("animated.webp", &[24, 27], 3, false, 16_383), all),
        // A lossless one packs both into 28 bits.
        (claiming("lossless.webp", &[21], 4, false, 0x0fff_bffe), all),
    ]
}

#[test]
fn bombs_are_refused_at_the_header_within_50_ms() {
    for (number, (bytes, part)) in bombs().into_iter().enumerate() {
        let start = Instant::now();
        let message = says(&bytes);
        let time = start.elapsed();
        assert!(message.contains(part), "bomb {number}: {message}");
        assert!(time < Duration::from_millis(50), "bomb {number} took {time:?}");
    }
    let message = says(&png_header(100_000, 100_000, 2));
    assert_eq!(message, "cannot decode a/b.png: it is 100000 × 100000 pixels, and 16384 a side is the limit");
    let message = says(&png_header(16_384, 16_384, 2));
    assert_eq!(message, "cannot decode a/b.png: it is 16384 × 16384 pixels, 768 MiB decoded, and 256 MiB is the limit");
}

#[test]
fn the_limit_itself_is_allowed() {
    let wide = RgbImage::from_fn(super::MAX_SIDE, 1, |x, _| Rgb([x as u8, 0, 0]));
    let mut bytes = Vec::new();
    wide.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    assert!(decode(&bytes, "wide.png").unwrap() == wide);
}
