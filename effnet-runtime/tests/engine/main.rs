//! The inference engine against an f64 evaluation of S: with ordinary weights, at a size where all of its kernels run.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

mod double;

use effnet_runtime::candle::{Device, Tensor};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::random::{Purpose, Stream};
use effnet_runtime::{Network, NormUpdates, Params, Pass, Precision, Step, efficientnet_v2};

efficientnet_v2! {
    /// S, whose table `effnet-models` has; that crate is not optimised where tests are built.
    struct EfficientNetV2S <
        [ 2, 3, 1, 1,  24,  24, fused,  0],
        [ 4, 3, 2, 4,  24,  48, fused,  0],
        [ 4, 3, 2, 4,  48,  64, fused,  0],
        [ 6, 3, 2, 4,  64, 128, mbconv, 0.25],
        [ 9, 3, 1, 6, 128, 160, mbconv, 0.25],
        [15, 3, 2, 6, 160, 256, mbconv, 0.25],
    > { num_features: 1280 }
}

/// How far f32 logits may be from the f64 ones, where logits are of order one.
const TOLERANCE: f64 = 1e-3;

fn normal(sample: u64, length: usize) -> Vec<f32> {
    let stream = Stream::new(17, Purpose::Bench, 0, sample, 0);
    (0..length as u64).map(|element| stream.normal(element) as f32).collect()
}

/// As `seed_weights` and `calibrate` of `golden.py`: He-normal convolutions, norms that do something, and running
/// statistics that are those of the activations, so that deep logits stay of order one.
fn ordinary(network: &dyn Network, images: &Tensor) {
    for (at, (name, var)) in network.params().all().into_iter().enumerate() {
        let (values, count) = (normal(at as u64, var.elem_count()), var.elem_count());
        let fan_in = count / var.dims()[0];
        let value = |x: f32| match var.rank() {
            1 if name.ends_with("bn.weight") => 1.0 + 0.15 * x,
            1 => 0.1 * x,
            _ => x * (2.0 / fan_in as f32).sqrt(),
        };
        if name.ends_with("running_mean") || name.ends_with("running_var") {
            continue;
        }
        let values = values.into_iter().map(value).collect::<Vec<_>>();
        var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap()).unwrap();
    }
    let norms = NormUpdates::new();
    let samples: Vec<u64> = (0..images.dims()[0] as u64).collect();
    let step = Step {
        seed: 0,
        step: 0,
        samples: &samples,
        dropout: 0.0,
        drop_path_scale: 0.0,
        precision: Precision::F32,
        norms: &norms,
    };
    network.run(images, &Pass::Train(&step)).unwrap();
    for (name, _) in network.params().buffers() {
        let Some(norm) = name.strip_suffix(".running_mean") else { continue };
        let mut statistics = norms.get(norm).unwrap();
        statistics.momentum = 1.0;
        norms.record(norm, statistics);
    }
    norms.apply(network.params()).unwrap();
}

#[test]
fn logits_of_s_are_those_of_f64() {
    let network = EfficientNetV2S::new(1000, Params::new(0).builder()).unwrap();
    let images = Tensor::from_vec(normal(1 << 32, 8 * 3 * 128 * 128), (8, 3, 128, 128), &Device::Cpu).unwrap();
    ordinary(&network, &images);
    let found: Vec<f32> = Engine::new(&network, &Options::default())
        .unwrap()
        .forward(&images)
        .unwrap()
        .flatten_all()
        .unwrap()
        .to_vec1()
        .unwrap();
    let expected = double::logits(&network, &images.flatten_all().unwrap().to_vec1().unwrap(), 8, 128);
    let spread = (expected.iter().map(|x| x * x).sum::<f64>() / expected.len() as f64).sqrt();
    assert!((0.1..30.0).contains(&spread), "logits of size {spread} say little");
    let error = found.iter().zip(&expected).map(|(x, y)| (f64::from(*x) - y).abs()).fold(0.0, f64::max);
    println!("the largest error is {error:.2e}, of logits of size {spread:.2}");
    assert!(error <= TOLERANCE, "{error}, of logits of size {spread}");
}
