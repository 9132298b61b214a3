use std::fs;
use std::path::{Path, PathBuf};

use flate2::Crc;
use tempfile::TempDir;

use super::super::files::Tree;
use super::super::tar::tree;
use super::super::tests::{gzip, tar_of};
use super::{Archive, gzip as members};
use crate::data::error::Error;

/// The tar that `fixtures/make.py` made under this name, compressed.
fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/data/source/archive/fixtures");
    fs::read(folder.join(format!("{name}.tar.gz"))).unwrap()
}

fn unpacked(name: &str) -> Vec<u8> {
    members::unpack(&*fixture(name), 1 << 30).unwrap().bytes
}

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("data.tar");
    fs::write(&path, bytes).unwrap();
    (root, path)
}

fn opened(bytes: &[u8]) -> Result<Tree, Error> {
    let (_root, path) = file(bytes);
    Archive::open(&path).map(tree)
}

/// The error message for these bytes, without the path.
fn says(bytes: &[u8]) -> String {
    let (_root, path) = file(bytes);
    let message = Archive::open(&path).err().expect("an error").to_string();
    message.replace(&path.display().to_string(), "TAR")
}

fn left_out(name: &str) -> String {
    opened(&unpacked(name)).unwrap().listing.ignored.to_string()
}

/// One line of `expected.txt` for each image.
fn lines(name: &str, tar: &Tree) -> Vec<String> {
    let line = |path: &String| {
        let (bytes, mut crc) = (tar.files.read(path).unwrap(), Crc::new());
        crc.update(&bytes);
        format!("{name}\t{path}\t{}\t{}", bytes.len(), crc.sum())
    };
    tar.listing.images.iter().map(line).collect()
}

#[test]
fn every_kind_of_tar_holds_what_unpacking_it_leaves() {
    let expected: Vec<&str> = include_str!("fixtures/expected.txt").lines().collect();
    let kinds: Vec<&[&str]> = expected.chunk_by(|a, b| a.split('\t').next() == b.split('\t').next()).collect();
    assert_eq!(kinds.len(), 30);
    for lines_of in kinds {
        let name = lines_of[0].split('\t').next().unwrap();
        let mut wanted: Vec<String> = lines_of.iter().map(|line| (*line).to_owned()).collect();
        wanted.sort_by_key(|line| line.split('\t').nth(1).map(str::to_owned));
        for bytes in [fixture(name), unpacked(name)] {
            let found = lines(name, &opened(&bytes).unwrap_or_else(|error| panic!("{name}: {error}")));
            assert_eq!(found, wanted, "{name}");
        }
    }
}

#[test]
fn what_has_no_contents_is_counted_and_named() {
    for name in ["gnu_links", "gnu_pax_links", "bsd_links", "bsd_gnutar_links", "python_links", "python_gnu_links"] {
        let wanted = "10 other files (2 .txt, 3 linked in a circle, 4 linked to nothing, 1 pipe or device)";
        assert_eq!(left_out(name), wanted, "{name}");
    }
    assert_eq!(left_out("volume_2"), "1 other file (1 begun in another volume)");
    for name in ["gnu_label", "gnu_incremental", "python_pax", "bsd_pax"] {
        assert_eq!(left_out(name), "1 other file (1 .txt)", "{name}: labels and headers are no files");
    }
}

#[test]
fn a_file_that_goes_on_in_another_volume_is_cut_off() {
    assert_eq!(says(&unpacked("volume_1")), "TAR ends within a/2.png: it was cut off, copy it again");
    assert_eq!(opened(&unpacked("volume_2")).unwrap().listing.images, ["a/0.png", "a/1.png"]);
}

#[test]
fn a_sparse_file_larger_than_a_picture_takes_no_memory() {
    for name in ["huge_gnu", "huge_pax"] {
        let tar = opened(&unpacked(name)).unwrap();
        assert!(tar.listing.images.iter().any(|path| path == "a/huge.png"));
        let error = tar.files.read(&"a/huge.png".to_owned()).unwrap_err();
        assert!(error.is_bad_file() && error.to_string().ends_with("a/huge.png: it is larger than 256 MiB"), "{error}");
        assert_eq!(tar.files.read(&"a/0.png".to_owned()).unwrap(), b"picture a/0.png");
    }
}

#[test]
fn a_map_of_zeros_that_makes_no_sense_is_named() {
    let whole = unpacked("gnu_pax_sparse_10");
    // The map of b/many.bmp: its number of stretches, then the offset and length of each.
    let map = b"60\n0\n1024\n";
    let at = whole.windows(map.len()).position(|bytes| bytes == map).expect("a map");
    for (damage, reason) in [
        (&b"99"[..], "it makes no sense"),
        (b"x0", "it makes no sense"),
        (b"60\n0\n9999\n", "it makes no sense"),
        (b"99999999\n", "it names more than 1,048,576 stretches"),
    ] {
        let mut tar = whole.clone();
        tar[at..at + damage.len()].copy_from_slice(damage);
        let wanted = format!("TAR holds b/many.bmp, whose map of zeros cannot be read ({reason}): pack it again");
        assert_eq!(says(&tar), wanted, "{damage:?}");
    }
    // A header that has a length has no map unless it names the version.
    let version = b"22 GNU.sparse.major=1\n";
    let at_version = whole.windows(version.len()).position(|bytes| bytes == version).expect("a version");
    let mut tar = whole.clone();
    tar[at_version + version.len() - 2] = b'0';
    let message = says(&tar);
    assert!(message.contains("whose map of zeros cannot be read (it makes no sense): pack it again"), "{message}");
    assert_eq!(
        says(&whole[..at + 4096]),
        "TAR holds b/many.bmp, whose map of zeros cannot be read (it is cut off): pack it again"
    );
}

#[test]
fn padding_behind_gzip_is_skipped() {
    let tar = tar_of(&[("a/0.png", b"first"), ("b/0.png", b"second")]);
    let (whole, halves) = (gzip(&tar), [gzip(&tar[..700]), gzip(&tar[700..])]);
    let zeros = vec![0; 100_000];
    let cases = [
        whole.clone(),
        [&whole[..], &[0; 3]].concat(),
        [&whole[..], &zeros].concat(),
        halves.concat(),
        [&halves[0][..], &zeros, &halves[1], &zeros].concat(),
        [&whole[..], b"not gzip at all"].concat(),
        [&whole[..], &zeros, b"\n"].concat(),
    ];
    for (number, packed) in cases.iter().enumerate() {
        let tar = opened(packed).unwrap_or_else(|error| panic!("case {number}: {error}"));
        assert_eq!(tar.listing.images, ["a/0.png", "b/0.png"], "case {number}");
        assert_eq!(tar.files.read(&"b/0.png".to_owned()).unwrap(), b"second");
    }
}

#[test]
fn damaged_gzip_stays_an_error() {
    let tar = tar_of(&[("a/0.png", b"first"), ("b/0.png", b"second")]);
    let (whole, halves) = (gzip(&tar), [gzip(&tar[..700]), gzip(&tar[700..])]);
    for cut in [whole.len() / 2, whole.len() - 1, whole.len() - 8] {
        assert!(says(&whole[..cut]).starts_with("cannot read TAR: "), "cut at {cut}");
    }
    let mut wrong_sum = [&whole[..], &[0; 512]].concat();
    wrong_sum[whole.len() - 6] ^= 1;
    assert!(says(&wrong_sum).starts_with("cannot read TAR: "));
    // The second half's mark is damaged.
    let mut second = halves.concat();
    second[halves[0].len()] ^= 4;
    let wanted = "TAR is a part of a compressed tar, followed by bytes that are no gzip: copy it again";
    assert_eq!(says(&second), wanted);
}

#[test]
fn other_archives_are_named() {
    for name in ["cpio_newc", "cpio_odc"] {
        let message = says(&unpacked(name));
        assert!(message.starts_with("TAR is a cpio archive, and nothing but tar and gzip is read here"), "{message}");
    }
    for (mark, what) in [
        (&b"\x28\xb5\x2f\xfd"[..], "compressed with zstd"),
        (b"\xfd7zXZ\0", "compressed with xz"),
        (b"BZh9", "compressed with bzip2"),
        (b"\x1f\x9d\x90", "compressed with compress"),
        (b"PK\x03\x04", "a zip file"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!\x1a\x07\x01", "a rar archive"),
    ] {
        let message = says(&[mark, b" and more"].concat());
        assert!(
            message.starts_with(&format!("TAR is {what}, and nothing but tar and gzip is read here: type ")),
            "{message}"
        );
    }
}

/// A tar with links, given as paths and targets; an entry with an empty target is a file.
fn linked(members: &[(&str, &str, ::tar::EntryType)]) -> Vec<u8> {
    let mut tar = ::tar::Builder::new(Vec::new());
    for (path, target, kind) in members {
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        if kind.is_file() {
            header.set_size(path.len() as u64);
            tar.append_data(&mut header, path, path.as_bytes()).unwrap();
        } else {
            header.set_size(0);
            tar.append_link(&mut header, path, target).unwrap();
        }
    }
    tar.into_inner().unwrap()
}

use ::tar::EntryType::{Link, Regular, Symlink};

#[test]
fn links_lead_to_what_is_there_when_they_are_unpacked() {
    let tar = linked(&[
        ("a/early.png", "a/late.png", Link),
        ("a/late.png", "", Regular),
        ("a/soft.png", "later/than/this.png", Symlink),
        ("a/hard.png", "a/soft.png", Link),
        ("b/hard.png", "a/soft.png", Link),
        ("a/later/than/this.png", "", Regular),
        ("a/hard_to_a_folder.png", "a/later", Link),
    ]);
    let tar = opened(&tar).unwrap();
    let images: Vec<&str> = tar.listing.images.iter().map(String::as_str).collect();
    assert_eq!(images, ["a/hard.png", "a/late.png", "a/later/than/this.png", "a/soft.png"]);
    assert_eq!(tar.files.read(&"a/hard.png".to_owned()).unwrap(), b"a/later/than/this.png");
    // A hard link before its target, one to a folder, and one whose target is missing from there.
    assert_eq!(tar.listing.ignored.to_string(), "3 other files (3 linked to nothing)");
}

#[test]
fn links_that_multiply_are_refused() {
    // Twenty folders, each with ten links to the next: 10^20 files.
    let mut members = vec![("f20/x.png".to_owned(), String::new(), Regular)];
    for folder in 0..20 {
        for link in 0..10 {
            members.push((format!("f{folder:02}/{link}"), format!("../f{:02}", folder + 1), Symlink));
        }
    }
    let members: Vec<_> = members.iter().map(|(path, target, kind)| (path.as_str(), target.as_str(), *kind)).collect();
    assert_eq!(
        says(&linked(&members)),
        "TAR holds links to folders of links that lead to too many files: unpack it and give the folder"
    );
    // A chain of links as long as systems follow, and one longer.
    for (hops, images) in [(39, 40), (60, 41)] {
        let mut members = vec![("a/00.png".to_owned(), String::new(), Regular)];
        members.extend((1..=hops).map(|at| (format!("a/{at:02}.png"), format!("{:02}.png", at - 1), Symlink)));
        let members: Vec<_> =
            members.iter().map(|(path, target, kind)| (path.as_str(), target.as_str(), *kind)).collect();
        assert_eq!(opened(&linked(&members)).unwrap().listing.images.len(), images, "{hops} links in a row");
    }
}
