//! The files of this folder, and how far a result is from them.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use effnet_runtime::candle::safetensors;
use effnet_runtime::candle::{DType, Device, Tensor};
use effnet_runtime::weights::WeightsFile;
use tempfile::TempDir;

/// Path of a file of this folder, or of the one that `EFFNET_FIXTURES` names, on a machine without the repository.
pub(crate) fn path(name: &str) -> PathBuf {
    let here = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/parity");
    std::env::var_os("EFFNET_FIXTURES").map_or_else(here, PathBuf::from).join(name)
}

/// A file of reference results.
pub(crate) struct Golden(BTreeMap<String, Tensor>);

impl Golden {
    pub(crate) fn read(name: &str) -> Self {
        Self(safetensors::load(path(name), &Device::Cpu).unwrap().into_iter().collect())
    }

    pub(crate) fn get(&self, name: &str) -> &Tensor {
        self.0.get(name).unwrap_or_else(|| panic!("the reference file has no `{name}`"))
    }

    /// The tensors whose names begin with `prefix`, by the rest of their names.
    pub(crate) fn below(&self, prefix: &str) -> BTreeMap<String, Tensor> {
        let below = |(name, tensor): (&String, &Tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone()));
        self.0.iter().filter_map(below).collect()
    }

    /// The weights as a file of their own, as the reference implementation would have saved them.
    pub(crate) fn weights(&self) -> (TempDir, WeightsFile) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("weights.safetensors");
        let tensors: HashMap<_, _> = self.below("w.").into_iter().collect();
        safetensors::save(&tensors, &path).unwrap();
        let file = WeightsFile::open(&path).unwrap();
        (folder, file)
    }
}

pub(crate) fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_dtype(DType::F32).unwrap().to_vec1().unwrap()
}

/// The values' bits: equality of floats would let 0 pass for -0, and fail on a NaN.
pub(crate) fn bits(tensor: &Tensor) -> Vec<u32> {
    values(tensor).into_iter().map(f32::to_bits).collect()
}

/// Fails unless every value is within `tolerance` of its reference.
#[track_caller]
pub(crate) fn close(what: &str, got: &Tensor, expected: &Tensor, tolerance: f32) {
    assert_eq!(got.dims(), expected.dims(), "{what}: shape");
    let furthest = values(got).into_iter().zip(values(expected)).map(|(got, expected)| (got - expected).abs());
    let furthest = furthest.fold(0f32, |most, off| if off.is_nan() { f32::INFINITY } else { most.max(off) });
    assert!(furthest <= tolerance, "{what} is off by {furthest:e}, and {tolerance:e} is allowed");
}

/// The Euclidean norm of all values.
pub(crate) fn norm(tensor: &Tensor) -> f64 {
    values(tensor).into_iter().map(|value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

/// Fails unless the difference is at most `tolerance` times as long as the reference.
#[track_caller]
pub(crate) fn close_in_norm(what: &str, got: &Tensor, expected: &Tensor, tolerance: f64) {
    assert_eq!(got.dims(), expected.dims(), "{what}: shape");
    let off = norm(&(got.to_device(&Device::Cpu).unwrap() - expected).unwrap()) / norm(expected);
    assert!(off <= tolerance, "{what} is off by {off:e} of its norm, and {tolerance:e} is allowed");
}
