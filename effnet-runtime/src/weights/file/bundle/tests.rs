use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};

use super::super::WeightsFile;
use super::table::masked;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/weights/fixtures/automl").join(name)
}

type Weights = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// A file's floats, by their whole names.
fn tensors(file: &WeightsFile) -> Weights {
    let floats = file.tensors().filter(|(_, info)| info.dtype == DType::F32);
    let read = |(name, info): (&str, &super::TensorInfo)| {
        let tensor = file.read(name, &Device::Cpu).unwrap();
        (name.to_owned(), (info.shape.clone(), tensor.flatten_all().unwrap().to_vec1().unwrap()))
    };
    floats.map(read).collect()
}

#[test]
fn moving_averages_are_taken_by_every_path_that_means_the_checkpoint() {
    let mut reference = tensors(&WeightsFile::open_whole(fixture("reference.safetensors")).unwrap());
    assert!(reference.remove("input").is_some() && reference.remove("logits").is_some());
    assert_eq!(reference.len(), 65);
    let prefix = "variables/model.ckpt-1";
    for path in ["variables", prefix, &format!("{prefix}.index"), &format!("{prefix}.data-00000-of-00001")] {
        let file = WeightsFile::open(fixture(path)).unwrap();
        assert!(tensors(&file) == reference, "{path}");
        assert!(!file.names().chain(file.elsewhere()).any(|name| name.contains("RMSProp")), "{path}");
    }
    // The variables are a step further than their averages.
    let plain = tensors(&WeightsFile::open_plain(fixture("variables")).unwrap());
    assert_eq!(plain.keys().collect::<Vec<_>>(), reference.keys().collect::<Vec<_>>());
    assert_ne!(plain["stem/conv2d/kernel"], reference["stem/conv2d/kernel"]);
    let objects = tensors(&WeightsFile::open(fixture("objects/ckpt-1")).unwrap());
    assert_eq!(objects.len(), reference.len());
    assert_eq!(objects["_stem/_conv_stem/kernel"], reference["stem/conv2d/kernel"]);
    assert_eq!(objects["_fc/bias"], reference["head/dense/bias"]);
}

/// A copy of a checkpoint, whose index or data a test changes.
struct Copy {
    folder: tempfile::TempDir,
    index: Vec<u8>,
}

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = "ckpt-1.data-00000-of-00001";
        std::fs::copy(fixture("objects").join(data), folder.path().join(data)).unwrap();
        Self { folder, index: std::fs::read(fixture("objects/ckpt-1.index")).unwrap() }
    }

    /// Reads everything under an index.
    fn error(&self, index: &[u8]) -> String {
        let path = self.folder.path().join("ckpt-1.index");
        std::fs::write(&path, index).unwrap();
        let read = || {
            let file = WeightsFile::open(&path)?;
            let names: Vec<_> = file.tensors().map(|(name, _)| name.to_owned()).collect();
            names.iter().try_for_each(|name| file.read(name, &Device::Cpu).map(drop))
        };
        let error = read().unwrap_err().to_string();
        assert!(error.contains("ckpt-1.index") && !error.contains('\n'), "{error}");
        error
    }

    /// The index with a change in its first block, whose checksum fits again.
    fn sealed(&self, change: impl Fn(&mut [u8])) -> Vec<u8> {
        let mut index = self.index.clone();
        // The block of entries comes first; the metadata's, which is empty, behind it, and the list of blocks ends alike.
        let empty = [0, 0, 0, 0, 1, 0, 0, 0, 0];
        let ends = (0..index.len() - 9).filter(|at| index[*at..].starts_with(&empty));
        let end = ends.rev().nth(1).unwrap() - 4;
        change(&mut index[..end]);
        let checksum = masked(crc32c::crc32c(&index[..end])).to_le_bytes();
        index[end..end + 4].copy_from_slice(&checksum);
        index
    }
}

#[test]
fn damage_is_found_by_checksum_offset_and_size() {
    let copy = Copy::new();
    let mut index = copy.index.clone();
    index[100] ^= 1;
    assert!(copy.error(&index).contains("another checksum than it says"));
    let at = |needle: &[u8]| copy.index.windows(needle.len()).position(|bytes| bytes == needle).unwrap();
    // The first tensor: shape `2: {2: {1: 8}}`, offset `4: 6548`, size `5: 32`.
    let first = at(&[0x12, 4, 0x12, 2, 8, 8, 0x20, 0x94, 0x33, 0x28, 32]);
    for (place, byte, reason) in [
        (first + 5, 9, "has other bytes than its index says"),
        (first + 10, 36, "has other bytes than its index says"),
        (first + 1, 5, "by what is no message"),
        (first + 9, 0x38, "in slices"),
    ] {
        let error = copy.error(&copy.sealed(|block| block[place] = byte));
        assert!(error.contains(reason), "{place}: {error}");
    }
    let compressed = copy.sealed(|block| *block.last_mut().unwrap() = 1);
    assert!(copy.error(&compressed).contains("compressed by Snappy"));
    let data = copy.folder.path().join("ckpt-1.data-00000-of-00001");
    let mut bytes = std::fs::read(&data).unwrap();
    bytes[6548] ^= 1;
    std::fs::write(&data, &bytes).unwrap();
    assert!(copy.error(&copy.index).contains("does not have its checksum"));
    std::fs::write(&data, &bytes[..1000]).unwrap();
    assert!(copy.error(&copy.index).contains("has other bytes than its index says"));
    std::fs::remove_file(&data).unwrap();
    let error = copy.error(&copy.index);
    assert!(
        error.contains("its tensors cannot be read from `") && error.contains("ckpt-1.data-00000-of-00001`"),
        "{error}"
    );
}
