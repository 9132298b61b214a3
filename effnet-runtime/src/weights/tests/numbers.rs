//! Weights that are no numbers.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};

use super::{build, fixture, network, said, spec, state};
use crate::infer::{Engine, Options};
use crate::params::Params;
use crate::weights::{Error, Purpose, Scheme, WeightsFile, load, read_network};

/// Writes the plain file's weights in a number format, with `bad` as the last value of the damaged ones.
fn write(path: &Path, damaged: &[&str], bad: f64, dtype: DType) -> WeightsFile {
    let plain = WeightsFile::open(fixture("plain.safetensors")).unwrap();
    let tensors: HashMap<String, Tensor> = plain
        .tensors()
        .map(|(name, info)| {
            let mut values: Vec<f32> =
                plain.read(name, &Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            if damaged.contains(&name) {
                *values.last_mut().unwrap() = bad as f32;
            }
            let tensor = Tensor::from_vec(values, &info.shape[..], &Device::Cpu).unwrap();
            (name.to_owned(), tensor.to_dtype(dtype).unwrap())
        })
        .collect();
    candle_core::safetensors::save(&tensors, path).unwrap();
    WeightsFile::open(path).unwrap()
}

/// The weight in the error of making a network or an engine from a file.
fn refused(file: &WeightsFile) -> String {
    let target = network(file);
    let before = state(&target);
    let errors = [
        load(file, &target, Purpose::Restore).map(drop),
        read_network(file, &spec(), said(file), &Device::Cpu, build).map(drop),
        Engine::open(file, &spec(), said(file), &Options::default().with_threads(2)).map(drop),
    ];
    assert_eq!(state(&target), before, "a file with a weight that is no number has changed the network");
    let names = errors.map(|result| match result {
        Err(error @ Error::NotFinite { .. }) => {
            let text = error.to_string();
            assert!(text.contains(file.path().to_str().unwrap()) && !text.contains('\n'), "{text}");
            let Error::NotFinite { name, .. } = error else { unreachable!() };
            assert!(text.starts_with(&format!("`{name}` in ")), "{text}");
            name
        }
        other => panic!("{other:?}"),
    });
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    let [name, ..] = names;
    name
}

#[test]
fn every_weight_must_be_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    for pair in Scheme::Timm.pairs(&spec()).unwrap() {
        assert_eq!(refused(&write(&path, &[&pair.theirs], f64::NAN, DType::F32)), pair.theirs);
    }
}

#[test]
fn in_every_format_and_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    for dtype in [DType::F16, DType::BF16, DType::F32, DType::F64] {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(refused(&write(&path, &["bn2.running_var"], bad, dtype)), "bn2.running_var");
        }
        let file = write(&path, &[], 0.0, dtype);
        load(&file, &network(&file), Purpose::Restore).unwrap();
    }
}

#[test]
fn the_first_in_the_networks_order_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let names: Vec<_> = Scheme::Timm.pairs(&spec()).unwrap().into_iter().map(|pair| pair.theirs).collect();
    for (at, first) in names.iter().enumerate() {
        let later: Vec<_> = names[at..].iter().map(String::as_str).collect();
        assert_eq!(refused(&write(&path, &later, f64::INFINITY, DType::F32)), *first);
    }
    // PyTorch's order: in the network `blocks.…` stands before `conv_head`, in the alphabet some blocks do not.
    assert_eq!(refused(&WeightsFile::open(fixture("nan.pth")).unwrap()), "blocks.1.0.bn1.running_var");
}

#[test]
fn a_classifier_that_is_not_taken_may_hold_anything() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder.path().join("w.safetensors"), &["classifier.bias"], f64::NAN, DType::F32);
    let dialect = file.dialect(&spec(), said(&file)).unwrap();
    let target = build(3, Params::new(1).with_dialect(dialect).builder()).unwrap();
    assert!(load(&file, &target, Purpose::FineTune).unwrap().kept_classifier);
}
