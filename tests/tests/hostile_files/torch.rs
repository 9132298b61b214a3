//! Damaged checkpoints of PyTorch's, and pickles made to do harm.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use effnet_runtime::candle::Device;
use effnet_runtime::weights::WeightsFile;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::{SLACK, allocator, survive};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../effnet-runtime/src/weights/fixtures").join(name)
}

/// PyTorch's checkpoints by two protocols, one of them with much beside the weights.
fn torch_files() -> [PathBuf; 2] {
    ["protocol2.pth", "checkpoint4.pth"].map(fixture)
}

/// Reads every tensor of a file; whether it could.
pub(crate) fn read_all(path: &Path) -> bool {
    let Ok(file) = WeightsFile::open(path) else { return false };
    let names: Vec<String> = file.tensors().map(|(name, _)| name.to_owned()).collect();
    names.iter().all(|name| file.read(name, &Device::Cpu).is_ok())
}

#[test]
fn mutated_archives_of_pytorch_neither_panic_nor_take_memory() {
    let folder = tempfile::tempdir().unwrap();
    let files = torch_files().map(|path| std::fs::read(path).unwrap());
    survive("PyTorch archive", &folder.path().join("c.pth"), &files, SLACK, read_all);
}

/// The container from before PyTorch 1.6 has no checksums: damage anywhere reaches the pickles, or the numbers.
#[test]
fn mutated_legacy_files_of_pytorch_neither_panic_nor_take_memory() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["legacy.pth", "legacy_strided.pth", "legacy_checkpoint.pth", "legacy_beside.pth"].map(fixture);
    let files = files.map(|path| std::fs::read(path).unwrap());
    survive("legacy PyTorch file", &folder.path().join("c.pth"), &files, SLACK, read_all);
}

/// An archive's checksum keeps damage from the pickle in it; whoever means harm writes the checksum anew.
#[test]
fn mutated_pickles_neither_panic_nor_take_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (pickle, resealed) = (folder.path().join("data.pkl"), folder.path().join("c.pth"));
    let entries = torch_files().map(|path| entries(&path));
    let pickles = entries
        .clone()
        .map(|entries| entries.into_iter().find(|(name, _)| name.ends_with("data.pkl")).expect("a pickle").1);
    // A pickle's protocol tells whose it was, unless a mutation has changed that too.
    let others = |pickle: &[u8]| entries[usize::from(pickle.get(1) == Some(&4))].iter();
    survive("pickle", &pickle, &pickles, SLACK, |path| {
        let mutated = std::fs::read(path).unwrap();
        let entries = others(&mutated)
            .map(|(name, bytes)| (name.as_str(), if name.ends_with("data.pkl") { &mutated[..] } else { bytes }));
        write_archive(&resealed, entries);
        read_all(&resealed)
    });
}

/// Writes an archive as PyTorch does: nothing is compressed.
fn write_archive<'a>(path: &Path, entries: impl Iterator<Item = (&'a str, &'a [u8])>) {
    let mut archive = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in entries {
        archive.start_file(name, stored).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

/// Names and bytes of an archive's entries.
fn entries(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let count = archive.len();
    let entry = |at| {
        let mut entry = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.name().unwrap().to_string(), bytes)
    };
    (0..count).map(entry).collect()
}

/// Lists of ten of the list before; twenty thousand dictionaries of one tensor under one long name; nothing but empty
/// lists; tuples in tuples; lengths of more than there is.
#[test]
fn pickles_that_ask_for_much_take_little() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.pth");
    let mut laughs = b"\x80\x04]\x94".to_vec();
    for at in 0..200 {
        laughs.extend([b']', b'(']);
        laughs.extend([b'h', at].repeat(10));
        laughs.extend([b'e', 0x94]);
    }
    let tensor = b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01tQ\
        K\0K\x01\x85K\x01\x85\x89}tR";
    let long = vec![b'a'; 1 << 16];
    let key = [b"X", &(long.len() as u32).to_le_bytes()[..], &long].concat();
    let shared = [&b"\x80\x02"[..], tensor, b"q\x000", &key, b"q\x010}("].concat();
    let shared = (0..20_000u16).fold(shared, |mut pickle, at| {
        pickle.extend(b"X\x02\0\0\0");
        pickle.extend(format!("{:02x}", at % 256).bytes());
        pickle.extend(b"}h\x01h\0s");
        pickle
    });
    let bombs = [
        ("laughs", [laughs, b".".to_vec()].concat()),
        ("shared", [shared, b"u.".to_vec()].concat()),
        ("lists", [b"\x80\x02".to_vec(), vec![b']'; 1 << 16], b".".to_vec()].concat()),
        ("tuples", [b"\x80\x02)".to_vec(), vec![0x85; 1 << 16], b".".to_vec()].concat()),
        ("bytes", b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.".to_vec()),
        ("text", b"\x80\x02X\xff\xff\xff\xff.".to_vec()),
        ("memo", b"\x80\x02]r\xff\xff\xff\xff.".to_vec()),
    ];
    let _alone = allocator::alone();
    for (name, pickle) in bombs {
        write_archive(&path, [("a/data.pkl", &pickle[..]), ("a/data/0", &[0; 4])].into_iter());
        let (error, peak) = allocator::peak(|| WeightsFile::open(&path).map(drop).unwrap_err().to_string());
        println!("{name:8} {:6} KiB: {error}", peak >> 10);
        assert!(peak <= 2 * pickle.len() + 8 * SLACK, "{name}: {peak}");
    }
}

/// A directory that says to have sixty thousand entries, and an entry that says to be compressed from four gibibytes.
#[test]
fn archives_that_ask_for_much_take_little() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.pth");
    let filling = vec![0; 1 << 16];
    write_archive(&path, [("a/data/0", &filling[..]), ("a/data.pkl", b"\x80\x02}.")].into_iter());
    let archive = std::fs::read(&path).unwrap();
    let at = |signature: &[u8]| archive.windows(4).rposition(|bytes| bytes == signature).expect("a signature");
    let (end, local, entry) = (at(b"PK\x05\x06"), at(b"PK\x03\x04"), at(b"PK\x01\x02"));
    let with = |changes: &[(usize, &[u8])]| {
        let mut bytes = archive.clone();
        changes.iter().for_each(|(at, change)| bytes[*at..at + change.len()].copy_from_slice(change));
        bytes
    };
    let (many, large) = (60_000u16.to_le_bytes(), u32::MAX.to_le_bytes());
    let bombs = [
        ("entries", with(&[(end + 8, &many), (end + 10, &many)])),
        ("directory", with(&[(end + 8, &many), (end + 10, &many), (end + 12, &0xffff_fff0u32.to_le_bytes())])),
        ("size", with(&[(local + 22, &large), (entry + 24, &large)])),
        ("sizes", with(&[(local + 18, &large), (local + 22, &large), (entry + 20, &large), (entry + 24, &large)])),
        ("deflated", with(&[(local + 8, &[8]), (entry + 10, &[8]), (local + 22, &large), (entry + 24, &large)])),
    ];
    let _alone = allocator::alone();
    for (name, bytes) in bombs {
        std::fs::write(&path, &bytes).unwrap();
        let (error, peak) = allocator::peak(|| WeightsFile::open(&path).map(drop).unwrap_err().to_string());
        println!("{name:9} {:6} KiB: {error}", peak >> 10);
        assert!(peak <= 2 * bytes.len() + SLACK, "{name}: {peak}");
    }
}

/// A pickle is a program, and Python would run this one.
#[test]
fn a_pickle_that_starts_a_program_starts_none() {
    let folder = tempfile::tempdir().unwrap();
    let (path, marker) = (folder.path().join("evil.pth"), folder.path().join("marker"));
    let command = format!("touch {}", marker.display());
    let call = [b"cposix\nsystem\nX", &(command.len() as u32).to_le_bytes()[..], command.as_bytes(), b"\x85R"].concat();
    let evil = [&b"\x80\x02}X\x04\0\0\0evil"[..], &call, b"s."].concat();
    write_archive(&path, [("a/data.pkl", &evil[..])].into_iter());
    let archive = std::fs::read(&path).unwrap();
    let legacy =
        [&b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}."[..], &evil, b"\x80\x02]."].concat();
    for bytes in [archive, legacy] {
        std::fs::write(&path, bytes).unwrap();
        let error = WeightsFile::open(&path).map(drop).unwrap_err().to_string();
        assert!(error.contains("its pickle holds no tensors under names (its keys are `evil`)"), "{error}");
        assert!(!marker.exists());
    }
}
