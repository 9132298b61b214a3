//! Small files that ask for much memory.

use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use effnet_runtime::data;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use crate::allocator;

/// What a picture that is refused may take, in bytes: a compressed colour profile up to the decoder's limit, while its
/// buffer doubles.
const ALLOWED: usize = 40 << 20;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../effnet-runtime/src/data/decode/fixtures");
    std::fs::read(folder.join(name)).expect("a fixture")
}

/// A fixture with these bytes at this place.
fn with(name: &str, at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = fixture(name);
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(body);
    [&(body.len() as u32).to_be_bytes(), &kind[..], body, &crc.sum().to_be_bytes()].concat()
}

/// A PNG's beginning: its header, and one more chunk.
fn png(width: u32, height: u32, more: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1a\n", &*chunk(b"IHDR", &header), more, b"\0\0\0\x10IDAT"].concat()
}

/// A quarter of a gibibyte of zeros, compressed.
fn zeros() -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..1 << 8 {
        encoder.write_all(&zeros).expect("compressed");
    }
    encoder.finish().expect("compressed")
}

/// A WebP whose last chunk, EXIF data, claims four gibibytes, as does the file.
fn webp_chunk() -> Vec<u8> {
    let mut file = fixture("exif_8.webp");
    let exif = file.windows(4).position(|bytes| bytes == b"EXIF").expect("the chunk");
    file[exif + 4..exif + 8].copy_from_slice(&0xffff_fff0u32.to_le_bytes());
    file[4..8].copy_from_slice(&0xffff_fffeu32.to_le_bytes());
    file
}

/// A GIF whose first frame, beyond its screen, claims the largest side.
fn gif_frame() -> Vec<u8> {
    let file = fixture("plain.gif");
    let palette = 13 + 3 * (2 << (file[10] & 7));
    let frame = palette + file[palette..].iter().position(|byte| *byte == b',').expect("a frame");
    with("plain.gif", frame + 5, &[0xff; 4])
}

/// A picture with a text that grows two hundred and fifty thousandfold where the orientation is looked for.
fn png_text() -> Vec<u8> {
    let file = fixture("rgb.png");
    let pixels = file.windows(4).position(|bytes| bytes == b"IDAT").expect("the chunk") - 4;
    let text = chunk(b"zTXt", &[&b"Raw profile type exif\0\0"[..], &zeros()].concat());
    [&file[..pixels], &text, &file[pixels..]].concat()
}

/// A picture whose components lie in scans of their own, of the largest side or with as many scans as fit.
fn jpeg_scans(side: bool) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../effnet-runtime/src/data/decode/fixtures");
    let packed = std::fs::File::open(folder.join("scans.tar.gz")).expect("the fixtures");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed));
    let wanted = |entry: &tar::Entry<'_, _>| entry.path().is_ok_and(|path| path == Path::new("2x2/one-each/none.jpg"));
    let mut entry = archive.entries().expect("a tar").filter_map(Result::ok).find(wanted).expect("the picture");
    let mut file = Vec::new();
    entry.read_to_end(&mut file).expect("its bytes");
    let frame = file.windows(3).position(|bytes| bytes == [0xff, 0xc0, 0]).expect("its frame");
    if side {
        file[frame + 5..frame + 9].fill(0xff);
        return file;
    }
    let end = file.len() - 2;
    let scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0xff, 0];
    [&file[..end], &scan.repeat(1000), &file[end..]].concat()
}

#[test]
fn a_picture_with_a_bomb_in_its_metadata_is_read_for_little_memory() {
    let _alone = allocator::alone();
    let (image, peak) = allocator::peak(|| data::decode(&png_text(), "text.png"));
    assert_eq!(image.expect("a picture").dimensions(), (45, 30));
    assert!(peak <= ALLOWED, "{peak} bytes");
}

#[test]
fn bombs_are_refused_for_little_memory_and_time() {
    let jpeg = fixture("rgb_444.jpg");
    let frame = jpeg.windows(3).position(|bytes| bytes == [0xff, 0xc0, 0]).unwrap();
    let profile = [&b"profile\0\0"[..], &zeros()].concat();
    let bombs = [
        ("png", png(100_000, 100_000, &[])),
        ("png all", png(16_384, 16_384, &[])),
        ("png profile", png(8, 8, &chunk(b"iCCP", &profile))),
        ("jpeg", with("rgb_444.jpg", frame + 5, &[0xff; 4])),
        ("jpeg in scans", jpeg_scans(true)),
        ("jpeg of scans", jpeg_scans(false)),
        ("gif", with("plain.gif", 6, &[0xff; 4])),
        ("gif frame", gif_frame()),
        ("bmp", with("rgb.bmp", 18, &[0xa0, 0x86, 1, 0, 0xa0, 0x86, 1, 0])),
        ("webp", with("animated.webp", 24, &[0xff; 6])),
        ("lossy webp", with("lossy.webp", 26, &[0xff, 0x3f, 0xff, 0x3f])),
        ("lossless webp", with("lossless.webp", 21, &[0xff, 0xff, 0xff, 0x0f])),
        // Chunks that claim to be larger than the file.
        ("webp chunk", webp_chunk()),
        ("png chunk", png(8, 8, b"\x7f\xff\xff\xffeXIf")),
        ("jpeg cut", jpeg[..jpeg.len() / 2].to_vec()),
    ];
    let _alone = allocator::alone();
    for (name, file) in bombs {
        // The fastest of three: a machine that is busy elsewhere stops a thread for longer than this takes.
        let timed = (0..3).map(|_| {
            let start = Instant::now();
            let (result, peak) = allocator::peak(|| data::decode(&file, name));
            (start.elapsed(), result, peak)
        });
        let (time, result, peak) = timed.min_by_key(|(time, ..)| *time).expect("three tries");
        let error = result.map(|image| image.dimensions()).expect_err(name);
        println!("{name:14} {:6} KiB, {time:?}: {error}", peak >> 10);
        assert!(!error.to_string().contains("panicked"), "{error}");
        assert!(peak <= ALLOWED, "{name}: {peak} bytes");
        assert!(time < Duration::from_millis(50), "{name}: {time:?}");
    }
}
