//! Files that do not fit a network.

use effnet_runtime::candle::{DType, Device, Tensor, safetensors};
use effnet_runtime::spec::{Expansion, Padding, Squeeze};
use effnet_runtime::weights::{Convention, Error, Loaded, Mismatch, Purpose, Scheme, WeightsFile, load};
use effnet_runtime::{Dialect, DynamicModel, Network, Params};
use std::collections::HashMap;
use tempfile::TempDir;

use super::models::{network, spec, state, tensors, write};

fn mismatch(error: Error) -> Mismatch {
    match error {
        Error::Mismatch(mismatch) => *mismatch,
        other => panic!("{other}"),
    }
}

#[test]
fn another_architecture_is_told_key_by_key_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("w.safetensors");
    let mut other = spec(12);
    other.rows.to_mut()[1].repeats = 1;
    other.rows.to_mut()[1].squeeze = Squeeze::Ratio(0.0);
    other.rows.to_mut()[0].expansion = Expansion::Ratio(2);
    let file = write(&network(&other, 3, 1), &path);

    let target = network(&spec(8), 3, 2);
    let before = state(&target);
    let error = load(&file, &target, Purpose::Restore).unwrap_err();
    let text = error.to_string();
    let found = mismatch(error);
    assert_eq!(state(&target), before, "a file that does not fit has changed the network");

    // The second block of the last stage: three convolutions of five parameters, four of squeeze and excitation; and
    // those four of the first block.
    assert_eq!(found.missing.len(), 3 * 5 + 4 + 4, "{:?}", found.missing);
    assert_eq!(found.unexpected.len(), 5, "{:?}", found.unexpected);
    assert!(found.unexpected[0].starts_with("blocks.0.expand_conv."));
    let wrong = found.wrong_shape.iter().find(|wrong| wrong.name == "blocks.0.project_conv.conv.weight").unwrap();
    assert_eq!((&wrong.file[..], &wrong.network[..]), (&[12, 16, 1, 1][..], &[8, 8, 3, 3][..]));

    assert!(!text.contains('\n'), "{text}");
    for part in [
        path.to_str().unwrap(),
        "do not fit Small",
        "23 missing",
        "and 19 more",
        "5 unexpected",
        "`blocks.0.project_conv.conv.weight` is [12, 16, 1, 1] in the file and [8, 8, 3, 3] in the network",
    ] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn the_classifier_must_fit_unless_it_may_be_kept() {
    let folder = TempDir::new().unwrap();
    let file = write(&network(&spec(8), 10, 1), &folder.path().join("w.safetensors"));

    let target = network(&spec(8), 3, 2);
    let before = state(&target);
    let found = mismatch(load(&file, &target, Purpose::Restore).unwrap_err());
    assert!(found.missing.is_empty() && found.unexpected.is_empty());
    let names: Vec<_> = found.wrong_shape.iter().map(|wrong| wrong.name.as_str()).collect();
    assert_eq!(names, ["head.classifier.weight", "head.classifier.bias"]);

    let loaded = load(&file, &target, Purpose::FineTune).unwrap();
    assert_eq!(loaded, Loaded { scheme: Scheme::Own, kept_classifier: true, left_out: Vec::new(), adapted_from: None });
    let source = state(&network(&spec(8), 10, 1));
    for ((after, before), source) in state(&target).iter().zip(&before).zip(&source) {
        let expected = if after.0.starts_with("head.classifier.") { before } else { source };
        assert_eq!(after, expected);
    }

    // One that fits is taken.
    let target = network(&spec(8), 10, 2);
    assert!(!load(&file, &target, Purpose::FineTune).unwrap().kept_classifier);
    assert_eq!(state(&target), source);
}

#[test]
fn a_network_of_another_dialect_is_refused() {
    let folder = TempDir::new().unwrap();
    let dialect = Dialect { padding: Padding::Same, ..Dialect::of(&spec(8).settings) };
    let params = Params::new(4).with_dialect(dialect);
    let same = DynamicModel::from_spec(&spec(8), 3, params.builder()).unwrap();
    let file = write(&same, &folder.path().join("w.safetensors"));
    let text = load(&file, &network(&spec(8), 3, 2), Purpose::Restore).unwrap_err().to_string();
    assert!(text.contains("assume `same` padding") && text.contains("assume `symmetric` padding"), "{text}");
}

/// A network's weights under the names of a scheme, without metadata, in a number format.
fn foreign(scheme: Scheme, dtype: DType, folder: &TempDir) -> WeightsFile {
    let source = network(&spec(8), 3, 1);
    let ours: HashMap<_, _> = tensors(&source).into_iter().collect();
    let mut theirs: HashMap<String, Tensor> = scheme
        .pairs(&spec(8))
        .unwrap()
        .into_iter()
        .map(|pair| {
            let tensor = pair.layout.to_theirs(&ours[&pair.ours]).unwrap();
            (pair.theirs, tensor.to_dtype(dtype).unwrap())
        })
        .collect();
    let batches = Tensor::new(&[3i64], &Device::Cpu).unwrap().squeeze(0).unwrap();
    theirs.insert("somewhere.num_batches_tracked".into(), batches);
    let path = folder.path().join("foreign.safetensors");
    safetensors::save(&theirs, &path).unwrap();
    WeightsFile::open(&path).unwrap()
}

#[test]
fn foreign_names_load_and_say_what_they_assume() {
    let folder = TempDir::new().unwrap();
    let expected = state(&network(&spec(8), 3, 1));
    for scheme in Scheme::ALL {
        if let Err(unnameable) = scheme.pairs(&spec(8)) {
            assert_eq!(unnameable.scheme, Scheme::Lukemelas);
            continue;
        }
        let file = foreign(scheme, DType::F32, &folder);
        let target = network(&spec(8), 3, 2);
        assert_eq!(load(&file, &target, Purpose::Restore).unwrap().scheme, scheme);
        assert_eq!(state(&target), expected);
        match scheme {
            Scheme::Timm => {
                let text = file.dialect(&spec(8), None).unwrap_err().to_string();
                assert!(text.contains("`timm-tf`") && text.contains("`timm`") && !text.contains("--"), "{text}");
            }
            scheme => {
                let convention = match scheme {
                    Scheme::Own => Convention::Wzm,
                    Scheme::Torchvision => Convention::Torchvision,
                    Scheme::Keras => Convention::Keras,
                    _ => Convention::Automl,
                };
                assert_eq!(file.dialect(&spec(8), None).unwrap(), convention.dialect(&spec(8)));
            }
        }
        let said = file.dialect(&spec(8), Some(Convention::TimmTf)).unwrap();
        assert_eq!((said.padding, said.test_size), (Padding::Same, 40));
    }
}

#[test]
fn half_precision_is_converted() {
    let folder = TempDir::new().unwrap();
    let file = foreign(Scheme::Timm, DType::BF16, &folder);
    let target = network(&spec(8), 3, 2);
    load(&file, &target, Purpose::Restore).unwrap();
    let name = "blocks.1.dwconv.conv.weight";
    let rounded = network(&spec(8), 3, 1).params().get(name).unwrap().to_dtype(DType::BF16).unwrap();
    let difference = (rounded.to_dtype(DType::F32).unwrap() - target.params().get(name).unwrap().as_tensor()).unwrap();
    assert!(difference.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().all(|difference| *difference == 0.0));
}
