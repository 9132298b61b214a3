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

/// Digits with names of all lengths, those that need a header of their own among them, and links to them.
fn class_folders() -> Vec<u8> {
    let digits = data::digits().expect("bundled").train;
    let file = |number: usize| {
        let sample = number * STRIDE;
        let name = format!("{}/{}{sample}.png", digits.label(sample) % 3, "deep/".repeat(number));
        (name, digits.read(sample).expect("a digit"))
    };
    let files: Vec<_> = (0..SAMPLES).map(file).collect();
    let mut whole = tar(&files);
    // Without the two blocks at its end, for more to follow.
    whole.truncate(whole.len() - 1024);
    let mut tar = tar::Builder::new(whole);
    let first = &files[0].0;
    let links = [
        (tar::EntryType::Link, "0/hard.png", first.as_str()),
        (tar::EntryType::Symlink, "1/soft.png", "../0/hard.png"),
        (tar::EntryType::Symlink, "1/chain.png", "./soft.png"),
        (tar::EntryType::Symlink, "2/folder", "../1"),
        (tar::EntryType::Symlink, "1/up", ".."),
        (tar::EntryType::Fifo, "1/pipe", "none"),
    ];
    for (kind, path, target) in links {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        tar.append_link(&mut header, path, target).expect("appended");
    }
    tar.into_inner().expect("a tar")
}

/// A tar with sparse files in GNU's own format: 30 stretches of 512 bytes, 26 of them in blocks behind the header.
fn sparse() -> Vec<u8> {
    let stretch = |number: usize| [2048 * number, 512];
    let octal = |into: &mut [u8], number: usize| into[..12].copy_from_slice(format!("{number:011o}\0").as_bytes());
    let mut whole = Vec::new();
    for path in ["0/sparse.png", "1/sparse.png"] {
        let mut header = tar::Header::new_gnu();
        header.set_path(path).expect("short");
        header.set_entry_type(tar::EntryType::GNUSparse);
        header.set_size(30 * 512);
        header.set_mode(0o644);
        let block = header.as_mut_bytes();
        for (at, number) in (0..4).flat_map(stretch).enumerate() {
            octal(&mut block[386 + 12 * at..], number);
        }
        block[482] = 1;
        octal(&mut block[483..], 29 * 2048 + 512);
        header.set_cksum();
        whole.extend_from_slice(header.as_bytes());
        for from in [4, 25] {
            let mut block = [0; 512];
            for (at, number) in (from..(from + 21).min(30)).flat_map(stretch).enumerate() {
                octal(&mut block[12 * at..], number);
            }
            block[504] = u8::from(from == 4);
            whole.extend_from_slice(&block);
        }
        whole.extend((0..30 * 512).map(|at| (at / 512) as u8 + 1));
    }
    whole.extend_from_slice(&[0; 1024]);
    whole
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
    let files = [class_folders(), shard(), sparse()];
    let path = folder.path().join("data.tar");
    for (number, file) in files.iter().enumerate() {
        std::fs::write(&path, file).unwrap();
        assert!(read(&path), "file {number} is whole");
    }
    survive("tar", &path, &files, SLACK, read);
}
