//! `mixed.safetensors`: torchvision's EfficientNet, evaluated and trained.

use std::collections::BTreeMap;

use effnet_runtime::candle::{Device, Tensor};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::ops::cross_entropy::{cross_entropy, smoothed};
use effnet_runtime::train::optimizer::{Decay, Gradients, Optimizer, Sgd};
use effnet_runtime::weights::Scheme;
use effnet_runtime::{Network, NormUpdates, Params, Pass, Precision, Statistics, Step};

use super::fixture::{Golden, bits, close, close_in_norm, norm, values};
use super::models::{self, Mixed};

const EVAL: f32 = 1e-4;
const TRAIN_LOSS: f32 = 1e-5;
const GRADIENT: f64 = 1e-4;
/// A block's last shift, where only 1×1 convolutions follow: the next batch normalisation takes it out again. Its
/// gradient is zero but for rounding (the next larger one of this file is 0.016), and has no direction to compare.
const SHIFTS_WITHOUT_EFFECT: usize = 7;
const ZERO_GRADIENT: f64 = 1e-6;
const BUFFER: f32 = 1e-5;
const SGD_LOSS: f32 = 1e-3;

const SMOOTHING: f64 = 0.1;

/// What one training pass gives, by our names.
pub(crate) struct Trained {
    pub(crate) logits: Tensor,
    pub(crate) loss: Tensor,
    pub(crate) gradients: Gradients,
}

/// A forward and a backward pass, after which the running statistics are up to date.
pub(crate) fn train_pass(network: &dyn Network, golden: &Golden) -> Trained {
    train_pass_in(Precision::F32, network, golden)
}

pub(crate) fn train_pass_in(precision: Precision, network: &dyn Network, golden: &Golden) -> Trained {
    let labels: Vec<u32> = values(golden.get("y")).into_iter().map(|label| label as u32).collect();
    let samples: Vec<u64> = (0..labels.len() as u64).collect();
    let norms = NormUpdates::new();
    let step = Step {
        seed: 0,
        step: 0,
        samples: &samples,
        dropout: 0.0,
        drop_path_scale: 0.0,
        precision,
        statistics: &Statistics::Local,
        norms: &norms,
    };
    let device = network.params().device();
    let logits = network.run(&golden.get("x").to_device(device).unwrap(), &Pass::Train(&step)).unwrap();
    let targets = smoothed(&labels, network.num_classes(), SMOOTHING).unwrap().to_device(device).unwrap();
    let loss = cross_entropy(&logits, &targets).unwrap();
    let gradients = Gradients::of(&loss, network.params()).unwrap();
    norms.apply(network.params()).unwrap();
    Trained { logits, loss, gradients }
}

/// torchvision's tensors of this prefix, by our names.
pub(crate) fn by_our_names(golden: &Golden, prefix: &str) -> BTreeMap<String, Tensor> {
    let theirs = golden.below(prefix);
    let pairs = Scheme::Torchvision.pairs(&Mixed::SPEC).unwrap();
    let ours: BTreeMap<_, _> =
        pairs.into_iter().filter_map(|pair| Some((pair.ours, theirs.get(&pair.theirs)?.clone()))).collect();
    assert_eq!(ours.len(), theirs.len(), "a tensor of `{prefix}` has no name of ours");
    ours
}

#[test]
fn evaluation() {
    check_evaluation(&Device::Cpu);
}

#[test]
fn engines() {
    let golden = Golden::read("mixed.safetensors");
    let (_folder, file) = golden.weights();
    for (name, network) in models::all_mixed(&file, &Device::Cpu) {
        let engine = Engine::new(network.as_ref(), &Options::default()).unwrap();
        let logits = engine.forward(golden.get("x")).unwrap();
        close(&format!("the engine's logits of {name}"), &logits, golden.get("eval_logits"), EVAL);
    }
}

pub(crate) fn check_evaluation(device: &Device) {
    let golden = Golden::read("mixed.safetensors");
    let (_folder, file) = golden.weights();
    for (name, network) in models::all_mixed(&file, device) {
        let pass = Pass::Eval(Precision::F32);
        let images = golden.get("x").to_device(device).unwrap();
        let logits = network.run(&images, &pass).unwrap();
        close(&format!("{name}'s logits"), &logits, golden.get("eval_logits"), EVAL);
        let maps = network.stage_maps(&images, &pass).unwrap();
        assert_eq!(maps.len(), network.spec().rows.len());
        for (stage, map) in maps.iter().enumerate() {
            // The reference counts the stem as number 0.
            let expected = golden.get(&format!("eval_features.{}", stage + 1));
            close(&format!("{name}'s stage {stage}"), map, expected, EVAL);
        }
    }
}

#[test]
fn a_training_step() {
    check_training_step(&Device::Cpu);
}

pub(crate) fn check_training_step(device: &Device) {
    let golden = Golden::read("mixed.safetensors");
    let (_folder, file) = golden.weights();
    for (name, network) in models::all_mixed(&file, device) {
        let trained = train_pass(network.as_ref(), &golden);
        close(&format!("{name}'s logits"), &trained.logits, golden.get("train_logits"), EVAL);
        close(&format!("{name}'s loss"), &trained.loss, golden.get("train_loss"), TRAIN_LOSS);

        let expected = by_our_names(&golden, "g.");
        assert_eq!(expected.len(), network.params().weights().len());
        let mut zero = 0;
        for (weight, expected) in expected {
            let gradient =
                trained.gradients.get(&weight).unwrap_or_else(|| panic!("{name}: `{weight}` has no gradient"));
            let what = format!("{name}'s gradient of `{weight}`");
            if norm(&expected) < ZERO_GRADIENT {
                zero += 1;
                assert!(norm(gradient) < ZERO_GRADIENT, "{what} is {:e}, and should be zero", norm(gradient));
            } else {
                close_in_norm(&what, gradient, &expected, GRADIENT);
            }
        }
        assert_eq!(zero, SHIFTS_WITHOUT_EFFECT);

        let expected = by_our_names(&golden, "b.");
        assert_eq!(expected.len(), network.params().buffers().len());
        for (buffer, expected) in expected {
            let got = network.params().get(&buffer).unwrap();
            close(&format!("{name}'s `{buffer}`"), &got, &expected, BUFFER);
        }
    }
}

#[test]
fn six_steps_of_sgd() {
    check_six_steps_of_sgd(&Device::Cpu);
}

pub(crate) fn check_six_steps_of_sgd(device: &Device) {
    let golden = Golden::read("mixed.safetensors");
    let (_folder, file) = golden.weights();
    for (name, network) in models::all_mixed(&file, device) {
        let mut optimizer =
            Optimizer::new(Sgd { momentum: 0.9 }, Decay { rate: 1e-4, vectors: true, except: Vec::new() });
        let losses = golden.get("sgd_losses");
        for step in 0..losses.elem_count() {
            let trained = train_pass(network.as_ref(), &golden);
            let expected = losses.get(step).unwrap();
            close(&format!("{name}'s loss of step {step}"), &trained.loss, &expected, SGD_LOSS);
            optimizer.step(network.params(), &trained.gradients, 0.05).unwrap();
        }
    }
}

/// All that a training pass changes or gives, as bits.
pub(crate) fn fingerprint(trained: &Trained, params: &Params) -> Vec<(String, Vec<u32>)> {
    let mut all = vec![("logits".to_owned(), bits(&trained.logits)), ("loss".to_owned(), bits(&trained.loss))];
    all.extend(trained.gradients.iter().map(|(name, gradient)| (format!("gradient of {name}"), bits(gradient))));
    all.extend(params.buffers().into_iter().map(|(name, buffer)| (name, bits(&buffer))));
    all
}
