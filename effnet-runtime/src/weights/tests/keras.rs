//! Keras's own network, in each format that Keras has written: what it computes, Keras computed.

use candle_core::{Device, Tensor};
use candle_nn::{Module, VarBuilder};
use effnet_spec::{Operator, Padding, Row, Settings, Spec};

use super::{bits, fixture};
use crate::infer::{Engine, Options};
use crate::network::Eval;
use crate::weights::{Convention, Scheme, WeightsFile, read_network};
use crate::{DynamicModel, Network};

/// The table of `fixtures/keras/make.py`.
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

/// A tensor of the reference.
fn reference(name: &str) -> Tensor {
    WeightsFile::open(fixture("keras/reference.safetensors")).unwrap().read_f32(name, &Device::Cpu).unwrap()
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
fn keras_own_network_computes_here_what_it_computes_there() {
    let (images, logits) = (reference("input"), reference("logits"));
    let mut networks = Vec::new();
    for name in ["keras3.weights.h5", "keras3.h5", "tf_keras.h5", "before_3_6.keras", "compressed.weights.h5"] {
        let file = WeightsFile::open(fixture("keras").join(name)).unwrap();
        assert_eq!((file.scheme().unwrap(), file.num_classes().unwrap()), (Scheme::Keras, Some(5)), "{name}");
        let dialect = file.dialect(&spec(), None).unwrap();
        assert_eq!((dialect.padding, dialect.bn_eps), (Padding::Same, 1e-3), "{name}");
        assert_eq!(dialect, Convention::Keras.dialect(&spec()));
        let network = read_network(&file, &spec(), None, &Device::Cpu, build).unwrap();
        let found = Eval::new(&network).forward(&images).unwrap();
        let apart = difference(&found, &logits);
        assert!(apart <= AGREE, "{name}: {apart}");
        let engine = Engine::open(&file, &spec(), None, &Options::default().with_threads(2)).unwrap();
        let apart = difference(&engine.forward(&images).unwrap(), &logits);
        assert!(apart <= AGREE, "{name}, the engine: {apart}");
        networks.push(bits(&found));
    }
    assert!(networks.iter().all(|logits| *logits == networks[0]));
}

/// Somebody's classifier on Keras's network: the network is within it, without its own classifier.
#[test]
fn a_network_within_a_model_gives_its_embeddings() {
    let images = reference("input");
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
