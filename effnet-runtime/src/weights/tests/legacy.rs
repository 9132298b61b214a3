//! Damaged and unusual files in PyTorch's container from before 1.6.

use std::path::Path;

use candle_core::Device;

use super::fixture;
use crate::weights::{Result, WeightsFile};

/// The five pickles of a small file and its storage, by pickle protocol 2.
struct Legacy {
    version: &'static [u8],
    machine: &'static [u8],
    object: Vec<u8>,
    keys: &'static [u8],
    storages: Vec<u8>,
}

/// A tensor of this many numbers out of a storage that says to have `elements`, with more members in its storage's name.
fn tensor(class: &str, shape: u8, stride: u8, elements: u8, more: &[u8]) -> Vec<u8> {
    let start = format!("}}U\x01actorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\n{class}\nU\x010U\x03cpuK");
    let end = [b'K', 0, b'K', shape, 0x85, b'K', stride, 0x85, 0x89, b'}', b't', b'R', b's', b'.'];
    [&b"\x80\x02"[..], start.as_bytes(), &[elements], more, b"tQ", &end].concat()
}

fn storage(elements: u64, bytes: usize) -> Vec<u8> {
    [&elements.to_le_bytes()[..], &vec![0; bytes]].concat()
}

impl Legacy {
    fn whole() -> Self {
        Self {
            version: b"\x80\x02M\xe9\x03.",
            machine: b"\x80\x02}U\x0dlittle_endian\x88s.",
            object: tensor("FloatStorage", 3, 1, 3, b"N"),
            keys: b"\x80\x02]U\x010a.",
            storages: storage(3, 12),
        }
    }

    /// Writes the file, and reads everything in it.
    fn read(&self, path: &Path) -> Result<Vec<Vec<f32>>> {
        let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
        let parts = [magic, self.version, self.machine, &self.object, self.keys, &self.storages];
        std::fs::write(path, parts.concat()).unwrap();
        let file = WeightsFile::open(path)?;
        let names: Vec<_> = file.names().map(str::to_owned).collect();
        names.iter().map(|name| Ok(file.read_f32(name, &Device::Cpu)?.flatten_all()?.to_vec1()?)).collect()
    }
}

#[test]
fn what_does_not_fit_together_is_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.pth");
    assert_eq!(Legacy::whole().read(&path).unwrap(), [[0.0; 3]]);
    let whole = Legacy::whole;
    for (file, says) in [
        (Legacy { version: b"\x80\x02M\xea\x03.", ..whole() }, "its version of PyTorch's format is not 1001"),
        (Legacy { machine: b"\x80\x02}U\x0dlittle_endian\x89s.", ..whole() }, "big-endian machine"),
        (Legacy { storages: storage(3, 11), ..whole() }, "it is cut short"),
        (Legacy { storages: storage(3, 13), ..whole() }, "something follows its end (1 bytes)"),
        (Legacy { storages: storage(4, 16), ..whole() }, "the count of elements of its storage `0` is another one"),
        (Legacy { storages: storage(u64::MAX, 12), ..whole() }, "the count of elements of its storage `0`"),
        (Legacy { storages: vec![3, 0, 0], ..whole() }, "it ends too early"),
        (Legacy { keys: b"\x80\x02]U\x011a.", ..whole() }, "its list of storages makes no sense"),
        (Legacy { keys: b"\x80\x02N.", ..whole() }, "its list of storages makes no sense"),
        (Legacy { keys: b"\x80\x02].", storages: Vec::new(), ..whole() }, "its tensor `a` makes no sense"),
        (Legacy { object: tensor("FloatStorage", 4, 1, 3, b"N"), ..whole() }, "its tensor `a` makes no sense"),
        (Legacy { object: tensor("OddStorage", 3, 1, 3, b"N"), ..whole() }, "does not know, `OddStorage`"),
        (Legacy { object: tensor("FloatStorage", 9, 0, 3, b"N"), ..whole() }, "`a` in"),
        (Legacy { object: tensor("FloatStorage", 2, 1, 3, b"(U\x010K\x01K\x02t"), ..whole() }, "`a` in"),
    ] {
        let text = file.read(&path).expect_err(says).to_string();
        assert!(text.contains(says) && text.contains("old.pth") && !text.contains('\n'), "`{says}` is not in: {text}");
    }
}

/// A file without checksums: every truncation shows, as the last storage must end where the file does.
#[test]
fn any_truncation_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pth");
    for name in ["legacy.pth", "legacy_strided.pth", "legacy_checkpoint.pth", "legacy_beside.pth"] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        for length in (0..bytes.len()).step_by(5) {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let text = WeightsFile::open(&path).expect_err(name).to_string();
            assert!(text.contains("cut.pth") && !text.contains('\n'), "{name}, {length} bytes: {text}");
        }
    }
}

/// Pickles longer than the part of the file that is looked at first.
#[test]
fn the_pickles_may_be_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.pth");
    let mut file = Legacy::whole();
    for length in [65_000, 66_000, 200_000, 1_000_000u32] {
        let note = [&b"\x80\x02X"[..], &length.to_le_bytes(), &vec![b'x'; length as usize], b"0"].concat();
        file.object.splice(..2, note);
        assert_eq!(file.read(&path).unwrap(), [[0.0; 3]], "{length}");
    }
}
