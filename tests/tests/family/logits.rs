//! timm's logits, by a network that loaded timm's file and by an engine.

use std::path::Path;

use effnet_runtime::candle::{Device, Tensor, safetensors};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::spec::Spec;
use effnet_runtime::weights::{Purpose, Scheme, WeightsFile, load};
use effnet_runtime::{DynamicModel, Network, Params, Pass, Precision};
use effnet_tests::formula::{images, weights};
use tempfile::TempDir;

use super::models::find;

/// How far a logit or a number of an embedding may be from timm's, in standard deviations of these. timm's own f32 and f64 are within a tenth.
const TOLERANCE: f64 = 1e-4;

const CLASSES: usize = 1000;

/// What `logits.py` wrote.
fn expected(name: &str) -> Tensor {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/family/logits.safetensors");
    safetensors::load(path, &Device::Cpu).unwrap().remove(name).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f64::from).collect()
}

/// The model's weights in a file of timm's names.
fn file(name: &str, spec: &Spec, folder: &Path) -> WeightsFile {
    let squares = expected(&format!("{name}.squares")).to_vec1::<f32>().unwrap();
    let tensors = weights(Scheme::Timm, spec, CLASSES, &squares).unwrap();
    let path = folder.join("timm.safetensors");
    safetensors::save(&tensors, &path).unwrap();
    WeightsFile::open(&path).unwrap()
}

#[track_caller]
fn close(what: &str, got: &Tensor, expected: &Tensor) {
    assert_eq!(got.dims(), expected.dims(), "{what}");
    let (got, expected) = (values(got), values(expected));
    let count = expected.len() as f64;
    let mean = expected.iter().sum::<f64>() / count;
    let deviation = (expected.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    let off = got.iter().zip(&expected).map(|(got, expected)| (got - expected).abs() / deviation);
    let furthest = off.fold(0.0, |most: f64, off| if off.is_nan() { f64::INFINITY } else { most.max(off) });
    assert!(furthest <= TOLERANCE, "{what} are off by {furthest:e} of their standard deviation");
}

fn has_timms_logits(name: &str) {
    let folder = TempDir::new().unwrap();
    let spec = find(name);
    let file = file(name, &spec, folder.path());
    let network = DynamicModel::from_spec(&spec, CLASSES, Params::for_loading(None, &Device::Cpu).builder()).unwrap();
    load(&file, &network, Purpose::Restore).unwrap();
    let images = images(&[2, 3, 96, 97]).unwrap();
    let logits = expected(&format!("{name}.logits"));
    close("the model's logits", &network.run(&images, &Pass::Eval(Precision::F32)).unwrap(), &logits);
    let engine = Engine::new(&network, &Options::default()).unwrap();
    close("the engine's logits", &engine.forward(&images).unwrap(), &logits);
    let (first, embeddings) = (images.narrow(0, 0, 1).unwrap(), expected(&format!("{name}.embeddings")));
    let row = |found: Tensor| found.squeeze(0).unwrap();
    let by_model = network.embeddings(&first, &Pass::Eval(Precision::F32)).unwrap();
    close("the model's embeddings", &row(by_model), &embeddings);
    close("the engine's embeddings", &row(engine.embeddings(&first).unwrap()), &embeddings);
}

macro_rules! models {
    ($($name:ident)*) => {
        $(#[test] fn $name() { has_timms_logits(stringify!($name)); })*

        #[test]
        fn every_fixture_has_a_test() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/family/logits.safetensors");
            let mut names: Vec<_> = safetensors::load(path, &Device::Cpu).unwrap().into_keys().collect();
            names.retain(|name| name.ends_with(".logits"));
            names.sort();
            let mut tested = vec![$(concat!(stringify!($name), ".logits")),*];
            tested.sort();
            assert_eq!(names, tested);
        }
    };
}

models! {
    tf_efficientnet_b0 tf_efficientnet_lite0 mobilenetv2_100 semnasnet_100 tf_efficientnet_em efficientnetv2_rw_s
    fbnetc_100 spnasnet_100 mobilenetv3_small_100 tf_mobilenetv3_large_100
    mobilenetv3_rw mobilenetv1_100 lcnet_150 mobilenet_edgetpu_100 efficientnet_b1_pruned
}
