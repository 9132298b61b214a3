//! Keras's and automl's own networks, in each format that they have written: what one computes there, it computes here.

use candle_core::{Device, Tensor};
use candle_nn::{Module, VarBuilder};
use effnet_spec::{Operator, Padding, Row, Settings, Spec};

use super::{bits, fixture};
use crate::infer::{Engine, Options};
use crate::network::Eval;
use crate::weights::{Convention, Scheme, WeightsFile, read_network};
use crate::{DynamicModel, Network};

/// The table of `fixtures/keras/make.py` and `fixtures/automl/make.py`.
fn spec() -> Spec {
    let rows = vec![
        Row::new(1, 3, 1, 1, 8, 8, Operator::Fused, 0.0),
        Row::new(1, 3, 2, 2, 8, 8, Operator::Fused, 0.0),
        Row::new(2, 3, 2, 2, 8, 16, Operator::MbConv, 0.25),
    ];
    Spec { name: "Small".into(), rows: rows.into(), settings: Settings { num_features: 32, ..Settings::DEFAULT } }
}

fn build(classes: usize, vb: VarBuilder<'static>) -> candle_core::Result<DynamicModel> {
    DynamicModel::from_spec(&spec(), classes, vb)
}

/// The images that a program was given, and its logits.
fn reference(program: &str) -> [Tensor; 2] {
    let file = WeightsFile::open_whole(fixture(program).join("reference.safetensors")).unwrap();
    ["input", "logits"].map(|name| file.read_f32(name, &Device::Cpu).unwrap())
}

/// The largest difference, in deviations of what is expected.
fn difference(found: &Tensor, expected: &Tensor) -> f32 {
    let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let (found, expected) = (values(found), values(expected));
    let mean = expected.iter().sum::<f32>() / expected.len() as f32;
    let variance = expected.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / expected.len() as f32;
    let differences = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
    differences.fold(0.0, f32::max) / variance.sqrt()
}

/// Logits of two implementations, which add in different orders, in deviations.
const AGREE: f32 = 1e-4;

#[test]
fn their_own_networks_compute_here_what_they_compute_there() {
    use Scheme::{Automl, AutomlObjects, Keras};
    let keras = ["keras3.weights.h5", "keras3.h5", "tf_keras.h5", "before_3_6.keras", "compressed.weights.h5"];
    let automl = [("variables/model.ckpt-1", Automl), ("variables", Automl), ("objects/ckpt-1.index", AutomlObjects)];
    let keras = keras.map(|name| (name, Keras));
    for (program, files, convention) in
        [("keras", &keras[..], Convention::Keras), ("automl", &automl, Convention::Automl)]
    {
        let [images, logits] = reference(program);
        let mut networks = Vec::new();
        for (name, scheme) in files {
            let file = WeightsFile::open(fixture(program).join(name)).unwrap();
            assert_eq!((file.scheme().unwrap(), file.num_classes().unwrap()), (*scheme, Some(5)), "{name}");
            let dialect = file.dialect(&spec(), None).unwrap();
            assert_eq!((dialect.padding, dialect.bn_eps), (Padding::Same, 1e-3), "{name}");
            assert_eq!(dialect, convention.dialect(&spec()));
            let network = read_network(&file, &spec(), None, &Device::Cpu, build).unwrap();
            let found = Eval::new(&network).forward(&images).unwrap();
            let apart = difference(&found, &logits);
            assert!(apart <= AGREE, "{name}: {apart}");
            let engine = Engine::open(&file, &spec(), None, &Options::default().with_threads(2)).unwrap();
            let apart = difference(&engine.forward(&images).unwrap(), &logits);
            assert!(apart <= AGREE, "{name}, the engine: {apart}");
            networks.push(bits(&found));
        }
        assert!(networks.iter().all(|logits| *logits == networks[0]), "{program}");
    }
}

/// Somebody's classifier on Keras's network: the network is within it, without its own classifier.
#[test]
fn a_network_within_a_model_gives_its_embeddings() {
    let [images, _] = reference("keras");
    let whole = WeightsFile::open(fixture("keras/keras3.h5")).unwrap();
    let whole = read_network(&whole, &spec(), None, &Device::Cpu, build).unwrap();
    let embeddings = whole.embeddings(&images, &crate::Pass::Eval(crate::Precision::F32)).unwrap();
    for name in ["nested.keras", "nested.h5"] {
        let file = WeightsFile::open(fixture("keras").join(name)).unwrap();
        let network = read_network(&file, &spec(), None, &Device::Cpu, build).unwrap();
        assert_eq!(network.num_classes(), 0, "{name}");
        assert_eq!(bits(&Eval::new(&network).forward(&images).unwrap()), bits(&embeddings), "{name}");
        assert_eq!(file.elsewhere().collect::<Vec<_>>(), ["mine/bias", "mine/kernel"], "{name}");
    }
}
