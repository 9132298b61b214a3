//! The inference engine against an f64 evaluation of S: with ordinary weights, at a size where all of its kernels run.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

mod double;

use std::process::Command;

use effnet_runtime::candle::{Device, Tensor};
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::random::{Purpose, Stream};
use effnet_runtime::simd::{LEVEL_VARIABLE, Level};
use effnet_runtime::spec::grammar;
use effnet_runtime::{DynamicModel, Network, NormUpdates, Params, Pass, Precision, Statistics, Step, efficientnet_v2};

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

/// How far logits in bf16 may be from the f64 ones, as the root of the mean square. The network makes roundings' errors
/// some 60 times as large: products in f64 of numbers that are rounded to bf16 are as far off, one logit of 8,000 by 0.1.
const BF16_TOLERANCE: f64 = 3e-2;

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
        statistics: &Statistics::Local,
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

/// The largest difference, and the root of their mean square.
fn errors(found: &[f64], expected: &[f64]) -> (f64, f64) {
    let errors = || found.iter().zip(expected).map(|(x, y)| (x - y).abs());
    (
        errors().max_by(f64::total_cmp).unwrap_or_default(),
        (errors().map(|x| x * x).sum::<f64>() / expected.len() as f64).sqrt(),
    )
}

/// Logits of the engine, of images `[8, 3, side, side]`.
fn engine(network: &dyn Network, images: &Tensor, precision: Precision) -> Vec<f64> {
    let engine = Engine::new(network, &Options::default().with_precision(precision)).unwrap();
    let logits = engine.forward(images).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    logits.into_iter().map(f64::from).collect()
}

fn images(side: usize) -> (Vec<f32>, Tensor) {
    let pixels = normal(1 << 32, 8 * 3 * side * side);
    let images = Tensor::from_slice(&pixels, (8, 3, side, side), &Device::Cpu).unwrap();
    (pixels, images)
}

#[test]
fn logits_of_s_are_those_of_f64() {
    let network = EfficientNetV2S::new(1000, Params::new(0).builder()).unwrap();
    let (pixels, images) = images(128);
    ordinary(&network, &images);
    let expected = double::logits(&network, &pixels, (8, 128), Precision::F32);
    let (_, spread) = errors(&vec![0.0; expected.len()], &expected);
    assert!((0.1..30.0).contains(&spread), "logits of size {spread} say little");
    let (largest, rms) = errors(&engine(&network, &images, Precision::F32), &expected);
    println!("f32: the largest error is {largest:.2e}, {rms:.2e} rms, of logits of size {spread:.2}");
    assert!(largest <= TOLERANCE, "{largest}, of logits of size {spread}");
    let (largest, rms) = errors(&engine(&network, &images, Precision::Bf16), &expected);
    println!("bf16: the largest error is {largest:.2e}, {rms:.2e} rms, of logits of size {spread:.2}");
    assert!(rms <= BF16_TOLERANCE, "{rms}, of logits of size {spread}");
}

/// Tables with every word that rows and settings have, in the model and in the engine.
#[test]
fn logits_of_every_word_are_those_of_f64() {
    let rows = [
        "[2, 3, 1, 1, 16, 16, fused, 0, { shortcut: false }]",
        "[2, 3, 1, 1, 16, 16, fused, 0.25, { expand_conv: true, activation: relu }]",
        "[2, 3, 2, _, 16, 24, fused, 0, { expanded: 40, project_activation: true, same_stage: true }]",
        "[2, 5, 1, 1, 24, 24, mbconv, _, { expand_conv: true, squeezed: 5, activation: hard_swish }]",
        "[2, 3, 1, 1, 24, 24, mbconv, 0.25, { project_activation: true }]",
        "[2, 3, 1, _, 24, 32, mbconv, 0.5, { expanded: 72, activation: relu6, same_stage: true }]",
        "[2, 3, 1, 1, 32, 32, conv, 0, { shortcut: true }], [1, 5, 2, 1, 32, 40, conv, 0]",
        "[1, 1, 2, 1, 40, 48, conv, 0, { activation: relu }], [1, 1, 1, 1, 48, 56, conv, 0]",
    ];
    for settings in [
        "num_features: 64",
        "head: none, stem_kernel: 1, se_of: expanded",
        "head: pooled, num_features: 72, activation: hard_swish, stem_kernel: 5, se_gate: hard_sigmoid",
        "head: pooled, head_bias: false, num_features: 72, stem_kernel: 7, se_activation: relu, padding: same",
    ] {
        let spec = grammar::parse_table("Words", &format!("< {} > {{ {settings} }}", rows.join(", "))).unwrap();
        for classes in [0, 10] {
            let network = DynamicModel::from_spec(&spec, classes, Params::new(0).builder()).unwrap();
            let (pixels, images) = images(45);
            ordinary(&network, &images);
            let expected = double::logits(&network, &pixels, (8, 45), Precision::F32);
            let (_, spread) = errors(&vec![0.0; expected.len()], &expected);
            assert!((0.1..30.0).contains(&spread), "{settings}: logits of size {spread} say little");
            let model = network.run(&images, &Pass::Eval(Precision::F32)).unwrap();
            let model: Vec<f32> = model.flatten_all().unwrap().to_vec1().unwrap();
            let model: Vec<f64> = model.into_iter().map(f64::from).collect();
            #[cfg(feature = "onnx")]
            check_export(&network, settings);
            for (name, found) in [("model", model), ("engine", engine(&network, &images, Precision::F32))] {
                let (largest, _) = errors(&found, &expected);
                println!("{settings}, {classes} classes: the {name}'s largest error is {largest:.2e} of {spread:.2}");
                assert!(largest <= TOLERANCE, "{settings}, {classes} classes: {name} {largest}, of {spread}");
            }
        }
    }
}

/// The network's ONNX file, which has every word too, against the engine.
#[cfg(feature = "onnx")]
fn check_export(network: &dyn Network, settings: &str) {
    use effnet_runtime::export::{self, Onnx, Weights};
    use effnet_runtime::weights::Metadata;

    let (engine, about) = (Engine::new(network, &Options::default()).unwrap(), Metadata::of(network, "words", &[]));
    for options in [
        export::Options::default(),
        export::Options { size: Some(46), batch: Some(3), ..Default::default() },
        export::Options { keep_batch_norm: true, ..Default::default() },
        export::Options { preprocess: true, weights: Weights::F16, ..Default::default() },
    ] {
        let agreement = Onnx::new(network, &about, &options).unwrap().check(&engine).unwrap();
        println!("{settings}, {options:?}: {agreement:?}");
    }
}

/// The same at every level of this machine's CPU: a process has one.
#[test]
fn logits_of_s_at_every_level() {
    for level in Level::available() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["logits_of_s_are_those_of_f64", "--nocapture"])
            .env(LEVEL_VARIABLE, level.name())
            .output()
            .unwrap();
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        println!("{}: {report}", level.name());
        assert!(output.status.success() && report.contains("1 passed"), "at level {}:\n{report}", level.name());
    }
}

/// Few layers each: two roundings of nearly the same number may differ, and a layer later there are more that do. So the
/// first block is none by Winograd's algorithm, whose integers of 16 bits move all of them a little.
#[test]
fn bf16_rounds_what_products_multiply_and_nothing_else() {
    for row in [
        "[1, 3, 1, 4, 8, 16, fused, 0]",
        "[1, 3, 2, 4, 8, 16, fused, 0]",
        "[1, 5, 2, 1, 8, 16, fused, 0]",
        "[1, 5, 2, 4, 8, 24, mbconv, 0.25]",
        "[1, 3, 1, 4, 8, 24, mbconv, 0]",
        "[1, 3, 1, 1, 8, 24, mbconv, 0]",
    ] {
        check_bf16(row, "num_features: 64");
    }
    for head in ["head: none", "head: pooled, num_features: 64"] {
        check_bf16("[1, 5, 2, 1, 8, 16, conv, 0, { activation: relu }]", head);
    }
}

fn check_bf16(row: &str, head: &str) {
    let table = format!("< [1, 5, 1, 1, 8, 8, fused, 0], {row} > {{ {head} }}");
    let spec = grammar::parse_table("Shallow", &table).unwrap();
    let network = DynamicModel::from_spec(&spec, 100, Params::new(0).builder()).unwrap();
    let (pixels, images) = images(40);
    ordinary(&network, &images);
    let logits = |precision| double::logits(&network, &pixels, (8, 40), precision);
    let (exact, rounded) = (logits(Precision::F32), logits(Precision::Bf16));
    let (_, by_rounding) = errors(&rounded, &exact);
    let (_, rms) = errors(&engine(&network, &images, Precision::Bf16), &rounded);
    println!("{row}: roundings move logits by {by_rounding:.2e} rms, the engine's are {rms:.2e} from there");
    // A layer that rounded otherwise would move them by about as much as roundings do.
    assert!(rms <= by_rounding / 4.0, "{row}: {rms}, where roundings move logits by {by_rounding}");
}
