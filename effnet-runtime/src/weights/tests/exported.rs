//! Networks written under every implementation's names, and read again.

use std::collections::HashMap;

use candle_core::{DType, Device};
use effnet_spec::{Operator, Row, Spec};

use super::{bits, spec};
use crate::dialect::Dialect;
use crate::dynamic::DynamicModel;
use crate::network::Network;
use crate::params::Params;
use crate::weights::{Error, Metadata, NumberFormat, Scheme, TimmConfig, WeightsFile, export_as, read_network};

/// Without fused blocks, which lukemelas' program lacks, and with an expansion of 1.
fn unfused() -> Spec {
    let rows =
        vec![Row::new(1, 3, 1, 1, 4, 4, Operator::MbConv, 0.25), Row::new(2, 5, 2, 6, 4, 8, Operator::MbConv, 0.25)];
    Spec { name: "Unfused".into(), rows: rows.into(), ..spec() }
}

fn network(spec: &Spec, classes: usize) -> DynamicModel {
    DynamicModel::from_spec(spec, classes, Params::new(3).builder()).unwrap()
}

fn about(network: &dyn Network) -> Metadata {
    let labels: Vec<String> = (0..network.num_classes()).map(|class| format!("class {class}")).collect();
    Metadata::of(network, "tiny", &labels)
}

/// What the file says of a network under its dialect, in a number format.
fn state(network: &dyn Network, dtype: DType) -> HashMap<String, Vec<u32>> {
    let rounded = |var: candle_core::Var| var.to_dtype(dtype).unwrap().to_dtype(DType::F32).unwrap();
    network.params().all().into_iter().map(|(name, var)| (name, bits(&rounded(var)))).collect()
}

#[test]
fn a_round_trip_is_the_identity_under_every_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = 0;
    for spec in [spec(), unfused()] {
        for (scheme, classes) in Scheme::ALL.into_iter().flat_map(|scheme| [(scheme, 2), (scheme, 0)]) {
            let network = network(&spec, classes);
            for (end, numbers, dtype) in [
                ("safetensors", NumberFormat::F32, DType::F32),
                ("safetensors", NumberFormat::F16, DType::F16),
                ("pth", NumberFormat::F32, DType::F32),
                ("pt", NumberFormat::Bf16, DType::BF16),
            ] {
                let path = folder.path().join(format!("weights.{end}"));
                if let Err(unnameable) = scheme.pairs(&spec) {
                    let error = export_as(&path, &network, &about(&network), scheme, numbers).unwrap_err();
                    assert_eq!(error.to_string(), Error::from(unnameable).to_string());
                    continue;
                }
                export_as(&path, &network, &about(&network), scheme, numbers).unwrap();
                let file = WeightsFile::open(&path).unwrap();
                assert_eq!((file.scheme().unwrap(), file.num_classes().unwrap().unwrap_or(0)), (scheme, classes));
                let is_ours = scheme == Scheme::Own && end == "safetensors";
                assert_eq!(file.metadata(), is_ours.then(|| about(&network)).as_ref());
                let build = |classes, vb| DynamicModel::from_spec(&spec, classes, vb);
                let again = read_network(&file, &spec, Dialect::of(&spec.settings), &Device::Cpu, build).unwrap();
                assert!(state(&again, DType::F32) == state(&network, dtype), "{scheme} {end} {dtype:?}");
                written += 1;
            }
        }
    }
    // Seven schemes and two networks, less lukemelas' fused one.
    assert_eq!(written, (2 * 7 - 1) * 2 * 4);
    assert!(!folder.path().join("config.json").exists(), "timm has none of these networks");
}

#[cfg(feature = "formats")]
#[test]
fn a_round_trip_through_keras_files_is_the_identity() {
    let folder = tempfile::tempdir().unwrap();
    for (spec, classes) in [(spec(), 2), (spec(), 0), (unfused(), 2)] {
        let network = network(&spec, classes);
        for name in ["tiny.weights.h5", "tiny.h5"] {
            let path = folder.path().join(name);
            export_as(&path, &network, &about(&network), Scheme::Keras, NumberFormat::F32).unwrap();
            let file = WeightsFile::open(&path).unwrap();
            let build = |classes, vb| DynamicModel::from_spec(&spec, classes, vb);
            let again = read_network(&file, &spec, Dialect::of(&spec.settings), &Device::Cpu, build).unwrap();
            assert!(state(&again, DType::F32) == state(&network, DType::F32), "{name}");
        }
    }
}

/// Keras's first EfficientNet has them among its weights.
#[cfg(feature = "formats")]
#[test]
fn mean_and_variance_of_images_are_left_out_aloud_where_they_are_another_dialects() {
    use candle_core::Tensor;
    use effnet_spec::Settings;

    use crate::weights::{Named, Purpose, load, write_keras_h5};

    let folder = tempfile::tempdir().unwrap();
    let images =
        Settings { mean: vec![0.485, 0.456, 0.406].into(), std: vec![0.229, 0.224, 0.225].into(), ..spec().settings };
    let network = network(&Spec { settings: images, ..spec() }, 2);
    let vars: HashMap<_, _> = network.params().all().into_iter().collect();
    let own: [[f64; 3]; 2] = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];
    let squares = own[1].map(|deviation| deviation * deviation);
    for (layer, mean, variance, aloud) in [
        ("normalization", own[0], squares, &[][..]),
        ("normalization_12", own[0], own[1], &[]),
        ("normalization", own[0], [1.0; 3], &["normalization/variance"]),
        ("normalization", [0.0; 3], squares, &["normalization/mean"]),
        (
            "normalization_a",
            own[0],
            own[1],
            &["normalization_a/count", "normalization_a/mean", "normalization_a/variance"],
        ),
    ] {
        let path = folder.path().join("tiny.h5");
        let pairs = Scheme::Keras.pairs(&spec()).unwrap().into_iter();
        let mut tensors: Vec<_> = pairs
            .map(|pair| Named::new(pair.theirs, pair.layout.to_theirs(vars[&pair.ours].as_tensor()).unwrap()))
            .collect();
        for (variable, values) in [("mean", mean), ("variance", variance)] {
            let values = Tensor::new(&values.map(|value| value as f32), &Device::Cpu).unwrap();
            tensors.push(Named::new(format!("{layer}/{variable}"), values));
        }
        tensors.push(Named::new(format!("{layer}/count"), Tensor::new(0f32, &Device::Cpu).unwrap()));
        write_keras_h5(&path, &tensors).unwrap();
        let loaded = load(&WeightsFile::open(&path).unwrap(), &network, Purpose::Restore).unwrap();
        assert_eq!(loaded.left_out, aloud, "{layer} {mean:?} {variance:?}");
    }
}

#[test]
fn what_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let network = network(&spec(), 2);
    let about = about(&network);
    let export = |name: &str, scheme, numbers| {
        let error = export_as(folder.path().join(name), &network, &about, scheme, numbers).unwrap_err().to_string();
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "{error}");
        error
    };
    assert!(export("weights", Scheme::Own, NumberFormat::F32).contains("tells no format: end it in .safetensors"));
    assert!(export("weights.h5", Scheme::Timm, NumberFormat::F32).contains("Keras' names alone"));
    assert!(export("weights.weights.h5", Scheme::Keras, NumberFormat::F16).contains("numbers of 32 bits alone"));
    network
        .params()
        .get("head.classifier.bias")
        .unwrap()
        .set(&candle_core::Tensor::new(&[1e6f32, 0.0], &Device::Cpu).unwrap())
        .unwrap();
    for name in ["weights.safetensors", "weights.pth"] {
        assert!(export(name, Scheme::Own, NumberFormat::F16).contains("is too large for 16 bits"));
    }
}

/// A network of timm's gets its configuration, and never in place of another's.
#[test]
fn timms_names_bring_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let (_, spec) = crate::weights::published::Published::all()
        .find(|(_, spec)| {
            TimmConfig::of_network(spec, &Dialect::of(&spec.settings), 2, &[])
                .is_ok_and(|config| config.architecture.ends_with("_b0"))
        })
        .unwrap();
    let network = network(&spec, 2);
    let path = folder.path().join("model.safetensors");
    let export = || export_as(&path, &network, &about(&network), Scheme::Timm, NumberFormat::F16);
    export().unwrap();
    let file = WeightsFile::open(&path).unwrap();
    let config = file.timm_config().unwrap().unwrap();
    assert_eq!(config.labels, ["class 0", "class 1"]);
    assert_eq!(file.dialect(&spec, None).unwrap(), Dialect::of(&spec.settings));
    // Written once more it is the same, which is not in the way.
    export().unwrap();
    std::fs::write(folder.path().join("config.json"), "{}").unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(export().unwrap_err().to_string().contains("is of other weights"));
    assert!(!path.exists());
}
