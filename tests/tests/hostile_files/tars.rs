//! Damaged tars, of class folders and as shards.

use std::path::Path;

use effnet_runtime::data;

use crate::{SLACK, survive};

/// A tar with these files.
fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, bytes.as_slice()).expect("appended");
    }
    tar.into_inner().expect("a tar")
}

/// Samples that the tars hold, and how far apart they are among the digits, which are in the order of their classes.
const SAMPLES: usize = 40;
const STRIDE: usize = 35;

/// Digits with names of all lengths, those that need a header of their own among them.
fn class_folders() -> Vec<u8> {
    let digits = data::digits().expect("bundled").train;
    let file = |number: usize| {
        let sample = number * STRIDE;
        let name = format!("{}/{}{sample}.png", digits.label(sample) % 3, "deep/".repeat(number));
        (name, digits.read(sample).expect("a digit"))
    };
    tar(&(0..SAMPLES).map(file).collect::<Vec<_>>())
}

fn shard() -> Vec<u8> {
    let digits = data::digits().expect("bundled").train;
    let files = |number: usize| {
        let sample = number * STRIDE;
        let label = match number % 3 {
            0 => (format!("{sample}.cls"), digits.label(sample).to_string().into_bytes()),
            1 => (format!("{sample}.json"), format!("{{\"label\": {}}}", digits.label(sample)).into_bytes()),
            _ => (format!("{sample}.json"), format!("{{\"class\": \"{}\"}}", digits.label(sample)).into_bytes()),
        };
        [(format!("{sample}.png"), digits.read(sample).expect("a digit")), label]
    };
    tar(&(0..SAMPLES).flat_map(files).collect::<Vec<_>>())
}

/// Opens a data set and reads all its files; whether it could be opened.
fn read(path: &Path) -> bool {
    let Ok(source) = data::open_whole(path) else { return false };
    for sample in 0..source.len() {
        assert!(source.label(sample) < source.classes().len());
        let _ = source.read(sample);
        let _ = source.name(sample);
    }
    true
}

#[test]
fn mutated_tars_neither_panic_nor_take_memory() {
    let folder = tempfile::tempdir().unwrap();
    let files = [class_folders(), shard()];
    let path = folder.path().join("data.tar");
    for (number, file) in files.iter().enumerate() {
        std::fs::write(&path, file).unwrap();
        assert!(read(&path), "file {number} is whole");
    }
    survive("tar", &path, &files, SLACK, read);
}
