//! A generated type and `DynamicModel` are the same network, to the bit.

use effnet_runtime::candle::{Device, Tensor};
use effnet_runtime::train::optimizer::Gradients;
use effnet_runtime::{DynamicModel, Network, NormUpdates, Params, Pass, Precision, Statistics, Step};

use super::fixture::{Golden, bits};
use super::mixed::{fingerprint, train_pass};
use super::models::{self, Kinds};

#[test]
fn with_weights_from_a_file() {
    let golden = Golden::read("mixed.safetensors");
    let (_folder, file) = golden.weights();
    let networks = models::all_mixed(&file, &Device::Cpu);
    let results: Vec<_> = networks
        .iter()
        .map(|(_, network)| {
            let pass = Pass::Eval(Precision::F32);
            let logits = bits(&network.run(golden.get("x"), &pass).unwrap());
            let maps: Vec<_> = network.stage_maps(golden.get("x"), &pass).unwrap().iter().map(bits).collect();
            (logits, maps, fingerprint(&train_pass(network.as_ref(), &golden), network.params()))
        })
        .collect();
    assert_eq!(results.len(), 2);
    assert!(results[0].0 == results[1].0, "logits");
    assert!(results[0].1 == results[1].1, "stage maps");
    assert_eq!(results[0].2.len(), results[1].2.len());
    for (left, right) in results[0].2.iter().zip(&results[1].2) {
        assert!(left == right, "{} and {}", left.0, right.0);
    }
}

/// Logits, gradients and buffers of one training step with dropout and drop path.
fn step(network: &dyn Network, images: &Tensor) -> Vec<(String, Vec<u32>)> {
    let samples = [7, 8, 900, 3];
    let norms = NormUpdates::new();
    let step = Step {
        seed: 11,
        step: 5,
        samples: &samples,
        dropout: network.spec().settings.dropout,
        drop_path_scale: 1.0,
        precision: Precision::F32,
        statistics: &Statistics::Local,
        norms: &norms,
    };
    let logits = network.run(images, &Pass::Train(&step)).unwrap();
    let gradients = Gradients::of(&logits.sqr().unwrap().sum_all().unwrap(), network.params()).unwrap();
    norms.apply(network.params()).unwrap();
    let mut all = vec![("logits".to_owned(), bits(&logits))];
    all.extend(gradients.iter().map(|(name, gradient)| (format!("gradient of {name}"), bits(gradient))));
    all.extend(network.params().all().into_iter().map(|(name, var)| (name, bits(&var))));
    all
}

#[test]
fn with_drawn_weights_dropout_and_drop_path() {
    let images: Vec<f32> = (0..4 * 3 * 35 * 26).map(|at| (at as f32 * 0.37).sin()).collect();
    let images = Tensor::from_vec(images, (4, 3, 35, 26), &Device::Cpu).unwrap();
    let generated = Kinds::new(6, Params::new(2).builder()).unwrap();
    let dynamic = DynamicModel::from_spec(&Kinds::SPEC, 6, Params::new(2).builder()).unwrap();
    let (generated, dynamic) = (step(&generated, &images), step(&dynamic, &images));
    assert_eq!(generated.len(), dynamic.len());
    for (left, right) in generated.iter().zip(&dynamic) {
        assert!(left == right, "{} and {}", left.0, right.0);
    }
    let other = DynamicModel::from_spec(&Kinds::SPEC, 6, Params::new(3).builder()).unwrap();
    assert!(step(&other, &images)[0] != dynamic[0], "another seed gives the same logits");
}
