//! PyTorch's checkpoints: the forms that `torch/generate.py` writes, and damaged ones.

use std::path::{Path, PathBuf};

use effnet_runtime::candle::{DType, Device};
use effnet_runtime::weights::{Error, WeightsFile};
use tempfile::TempDir;

use super::models::values;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/weights/torch").join(name)
}

fn open(name: &str) -> WeightsFile {
    WeightsFile::open(path(name)).unwrap()
}

#[test]
fn every_layout_is_read() {
    let file = open("layouts.pth");
    let read = |name: &str| {
        let tensor = file.read_f32(name, &Device::Cpu).unwrap();
        (tensor.dims().to_vec(), values(&tensor))
    };
    let count = |until: usize| (0..until).map(|at| at as f32).collect::<Vec<_>>();
    assert_eq!(read("channels_last"), (vec![2, 3, 2, 2], count(24)));
    assert_eq!(read("view"), (vec![2, 3], vec![8.0, 9.0, 10.0, 14.0, 15.0, 16.0]));
    let transposed = (0..6).flat_map(|row| (0..4).map(move |column| (column * 6 + row) as f32)).collect();
    assert_eq!(read("transposed"), (vec![6, 4], transposed));
    assert_eq!(read("empty"), (vec![0, 3], vec![]));
    assert_eq!(read("scalar"), (vec![], vec![7.0]));
    assert_eq!(read("parameter"), (vec![3], count(3)));
}

#[test]
fn every_number_format_is_read() {
    let file = open("formats.pth");
    for (name, dtype) in
        [("half", DType::F16), ("bfloat16", DType::BF16), ("double", DType::F64), ("float", DType::F32)]
    {
        assert_eq!(file.info(name).unwrap().dtype, dtype);
        assert_eq!(values(&file.read_f32(name, &Device::Cpu).unwrap()), [0.0, 1.0, 2.0, 3.0, 4.0]);
    }
    assert!(matches!(file.read_f32("long", &Device::Cpu), Err(Error::NotFloat { .. })));
}

#[test]
fn a_state_dict_among_other_things_is_found() {
    let file = open("nested.pth");
    let names: Vec<_> = file.tensors().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(values(&file.read_f32("b", &Device::Cpu).unwrap()), [0.0, 1.0, 2.0]);
}

#[test]
fn the_container_from_before_is_read() {
    let file = open("legacy.pth");
    assert_eq!(values(&file.read_f32("a", &Device::Cpu).unwrap()), [0.0, 1.0]);
}

#[test]
fn checkpoints_that_hold_no_state_dict_say_what_to_do() {
    for (name, says) in [
        ("no_tensors.pth", "torch.save(model.state_dict(), path)"),
        ("a_list.pth", "torch.save(model.state_dict(), path)"),
        ("a_module.pth", "torch.save(model.state_dict(), path)"),
    ] {
        let text = WeightsFile::open(path(name)).unwrap_err().to_string();
        assert!(text.contains(says) && text.contains(name) && !text.contains('\n'), "{text}");
    }
}

/// Names and values of everything in a file.
fn contents(path: &Path) -> Result<Vec<(String, Vec<f32>)>, Error> {
    let file = WeightsFile::open(path)?;
    file.tensors()
        .filter(|(_, info)| info.dtype.is_float())
        .map(|(name, _)| Ok((name.to_owned(), values(&file.read_f32(name, &Device::Cpu)?))))
        .collect()
}

#[test]
fn any_truncation_is_an_error() {
    let folder = TempDir::new().unwrap();
    let damaged = folder.path().join("damaged.pth");
    for name in ["formats.pth", "layouts.pth", "nested.pth"] {
        let bytes = std::fs::read(path(name)).unwrap();
        for length in (0..bytes.len()).step_by(7) {
            std::fs::write(&damaged, &bytes[..length]).unwrap();
            let text = contents(&damaged).unwrap_err().to_string();
            assert!(text.contains("damaged.pth") && !text.contains('\n'), "{name}, {length} bytes: {text}");
        }
    }
}

/// The archive has a checksum of each entry, but not of its own structure, where some bytes mean nothing to a reader.
/// What opens must be what was written.
#[test]
fn a_flipped_bit_is_an_error_or_without_effect() {
    let folder = TempDir::new().unwrap();
    let damaged = folder.path().join("damaged.pth");
    for name in ["formats.pth", "layouts.pth", "nested.pth"] {
        let bytes = std::fs::read(path(name)).unwrap();
        let written = contents(&path(name)).unwrap();
        let mut refused = 0;
        for bit in (0..bytes.len() * 8).step_by(23) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&damaged, &flipped).unwrap();
            match contents(&damaged) {
                Ok(read) => assert_eq!(read, written, "{name}: bit {bit} changed what is read"),
                Err(error) => {
                    assert!(!error.to_string().contains('\n'), "{error}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 100, "{name}: {refused}");
    }
}
