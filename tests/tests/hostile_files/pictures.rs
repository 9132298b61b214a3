//! Damaged pictures, as `check` reads them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use effnet_runtime::data::{self, MAX_DECODED_BYTES, Validation};
use flate2::Crc;
use flate2::read::GzDecoder;

use crate::survive;

/// What decoding a picture may take, whatever it claims: its pixels, and as much again while they are turned or converted.
const SLACK: usize = 2 * MAX_DECODED_BYTES as usize;

/// The fixtures of the decoder's tests: pictures of each kind that is decoded in its own way.
fn fixtures() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../effnet-runtime/src/data/decode/fixtures");
    let mut files = Vec::new();
    for archive in ["scans.tar.gz", "strangers.tar.gz"] {
        let packed = File::open(folder.join(archive)).expect("the fixtures");
        for entry in tar::Archive::new(GzDecoder::new(packed)).entries().expect("a tar") {
            let mut entry = entry.expect("an entry");
            let name = entry.path().expect("its name").display().to_string();
            if is_picture(&name) {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).expect("its bytes");
                files.push((name, bytes));
            }
        }
    }
    for entry in folder.read_dir().expect("the fixtures") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        if is_picture(&name) {
            let bytes = std::fs::read(folder.join(&name)).expect("a picture");
            files.push((name, bytes));
        }
    }
    files.sort();
    files.into_iter().map(|(_, bytes)| bytes).collect()
}

fn is_picture(name: &str) -> bool {
    [".jpg", ".png", ".webp", ".gif"].iter().any(|extension| name.ends_with(extension))
}

/// Makes the checksums of a PNG's chunks fit: without, damage would seldom come further than to them.
fn seal(file: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = file.get(at..at + 4) {
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let Some(chunk) = file.get_mut(at + 4..).and_then(|rest| rest.get_mut(..length.saturating_add(8))) else {
            return;
        };
        let mut crc = Crc::new();
        crc.update(&chunk[..length + 4]);
        chunk[length + 4..].copy_from_slice(&crc.sum().to_be_bytes());
        at += length + 12;
    }
}

#[test]
fn mutated_pictures_neither_panic_nor_hang_nor_take_memory() {
    let folder = tempfile::tempdir().unwrap();
    let good = data::digits().expect("bundled").val.read(0).expect("a digit");
    for name in ["train/a/good.png", "train/b/good.png", "val/a/good.png"] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &good).unwrap();
    }
    // The format follows from the content.
    let path = folder.path().join("train/a/mutated.png");
    let files = fixtures();
    assert!(files.len() > 200, "{} fixtures", files.len());
    survive("picture", &path, &files, SLACK, |path| {
        let mut file = std::fs::read(path).expect("written");
        if file.starts_with(b"\x89PNG") {
            seal(&mut file);
            std::fs::write(path, file).expect("written");
        }
        let split = data::open(folder.path(), Validation::Auto, 0).expect("a data set");
        let bad = data::check(&*split.train, 1, &|_| ());
        for bad in &bad {
            let message = bad.error.to_string();
            assert!(!message.contains("panicked") && !message.contains('\n'), "{message}");
            assert!(message.starts_with("cannot ") && message.contains("mutated.png: "), "{message}");
        }
        bad.is_empty()
    });
}
