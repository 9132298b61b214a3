use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{Device, Tensor, Var, safetensors::load_buffer};
use candle_nn::Init;
use effnet_kernels::threads::Pool;

use super::{AdamW, Decay, DepthDecay, Gradients, Memory, Optimizer, RmsProp, Sgd, Values};
use crate::params::Params;

/// Rounding of ten f32 steps whose order of operations differs from PyTorch's vectorised one.
const TRAJECTORY_TOLERANCE: f32 = 1e-6;

fn golden() -> HashMap<String, Tensor> {
    load_buffer(include_bytes!("golden/trajectories.safetensors"), &Device::Cpu).unwrap()
}

/// Parameters that hold these weights.
fn params_of(weights: &[(&str, &Tensor)]) -> Params {
    let params = Params::new(0);
    for (name, weight) in weights {
        params.builder().get_with_hints(weight.shape(), name, Init::Const(0.0)).unwrap();
        params.get(name).unwrap().set(weight).unwrap();
    }
    params
}

/// Gradients as candle gives them: those of `Σ weight · gradient`.
fn gradients_of(params: &Params, wanted: &[(&str, &Tensor)]) -> Gradients {
    let terms: Vec<Tensor> = wanted
        .iter()
        .map(|(name, gradient)| (params.get(name).unwrap().as_tensor() * *gradient).unwrap().sum_all().unwrap())
        .collect();
    Gradients::of(&Tensor::stack(&terms, 0).unwrap().sum_all().unwrap(), params).unwrap()
}

fn values(var: &Var) -> Vec<f32> {
    var.flatten_all().unwrap().to_vec1().unwrap()
}

fn follows_pytorch(golden: &HashMap<String, Tensor>, key: &str, mut optimizer: Optimizer) {
    let of = |prefix: &str| ["matrix", "vector"].map(|name| (name, &golden[&format!("{prefix}.{name}")]));
    let params = params_of(&of("start"));
    let rates: Vec<f64> = golden["rates"].to_vec1().unwrap();
    for (step, rate) in rates.iter().enumerate() {
        let gradients = gradients_of(&params, &of(&format!("gradient.{step}")));
        optimizer.step(&params, &gradients, *rate).unwrap();
        for (name, expected) in of(&format!("{key}.{step}")) {
            let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
            for (actual, expected) in values(&params.get(name).unwrap()).iter().zip(&expected) {
                let off = (actual - expected).abs();
                assert!(off <= TRAJECTORY_TOLERANCE, "{key} {name} at step {step}: {actual}, not {expected}");
            }
        }
    }
    assert_eq!(optimizer.memory().steps(), 10);
}

#[test]
fn ten_steps_follow_pytorch() {
    let golden = golden();
    for (rate, vectors, which) in [(0.0, true, "0.0.all"), (0.1, true, "0.1.all"), (0.1, false, "0.1.matrices")] {
        let decay = || Decay { rate, vectors, ..Decay::default() };
        let follows = |name: &str, optimizer| follows_pytorch(&golden, &format!("{name}.{which}"), optimizer);
        follows("adamw", Optimizer::new(AdamW::default(), decay()));
        follows("sgd", Optimizer::new(Sgd::default(), decay()));
        follows("clipped-sgd", Optimizer::new(Sgd::default(), decay()).clipping(5.0));
        follows("rmsprop", Optimizer::new(RmsProp::default(), decay()));
    }
}

/// The CPU's elements of one task.
const CHUNK: usize = 1 << 14;

/// A weight of several chunks, the last one short, and its gradient.
fn large() -> (Tensor, Tensor) {
    let n = 3 * CHUNK + 77;
    let draw = |seed: u64| {
        let stream = crate::random::Stream::new(seed, crate::random::Purpose::Bench, 0, 0, 0);
        Tensor::from_vec((0..n as u64).map(|i| stream.normal(i) as f32).collect::<Vec<_>>(), n, &Device::Cpu).unwrap()
    };
    (draw(1), draw(2))
}

#[test]
fn threads_change_no_bit() {
    let (weight, gradient) = large();
    let run = |threads| {
        Arc::new(Pool::new(threads)).install(|| {
            let params = params_of(&[("w", &weight)]);
            let mut optimizer =
                Optimizer::new(AdamW::default(), Decay { rate: 0.1, vectors: true, ..Decay::default() });
            for _ in 0..3 {
                let gradients = gradients_of(&params, &[("w", &gradient)]);
                optimizer.step(&params, &gradients, 0.01).unwrap();
            }
            values(&params.get("w").unwrap())
        })
    };
    let one = run(1);
    assert_ne!(one, weight.to_vec1::<f32>().unwrap());
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
}

fn taken(memory: &Memory) -> HashMap<(String, String), Vec<f32>> {
    let values = |values: &Values| values.tensor().unwrap().to_vec1().unwrap();
    memory.iter().map(|(slot, name, kept)| ((slot.to_owned(), name.to_owned()), values(kept))).collect()
}

#[test]
fn a_restored_memory_goes_on_to_the_bit() {
    let (weight, gradient) = large();
    let params = params_of(&[("w", &weight)]);
    let decay = Decay { rate: 0.1, vectors: true, ..Decay::default() };
    let mut straight = Optimizer::new(AdamW::default(), decay.clone());
    let step = |optimizer: &mut Optimizer, params: &Params| {
        optimizer.step(params, &gradients_of(params, &[("w", &gradient)]), 0.01).unwrap();
    };
    step(&mut straight, &params);

    let copy = params_of(&[("w", params.get("w").unwrap().as_tensor())]);
    let mut resumed = Optimizer::new(AdamW::default(), decay);
    let mut saved = taken(straight.memory());
    resumed
        .restore(&copy, straight.memory().steps(), |slot, name| saved.remove(&(slot.to_owned(), name.to_owned())))
        .unwrap();
    assert!(saved.is_empty());

    step(&mut straight, &params);
    step(&mut resumed, &copy);
    assert_eq!(straight.memory().steps(), resumed.memory().steps());
    assert_eq!(taken(straight.memory()), taken(resumed.memory()));
    assert_eq!(values(&params.get("w").unwrap()), values(&copy.get("w").unwrap()));
}

#[test]
fn a_memory_that_does_not_fit_is_refused() {
    let params = params_of(&[("w", &Tensor::zeros(3, candle_core::DType::F32, &Device::Cpu).unwrap())]);
    let mut optimizer = Optimizer::new(AdamW::default(), Decay { rate: 0.0, vectors: true, ..Decay::default() });
    let short = optimizer.restore(&params, 1, |_, _| Some(vec![0.0; 2])).unwrap_err();
    assert!(short.to_string().contains("`w`"), "{short}");
    let half = optimizer.restore(&params, 1, |slot, _| (slot == "mean").then(|| vec![0.0; 3])).unwrap_err();
    assert!(half.to_string().contains("1 of"), "{half}");
}

#[test]
fn a_gradient_that_is_not_finite_is_named() {
    let (weight, gradient) = large();
    let params = params_of(&[("a", &weight), ("b", &weight)]);
    assert_eq!(gradients_of(&params, &[("a", &gradient), ("b", &gradient)]).first_not_finite().unwrap(), None);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut values: Vec<f32> = gradient.to_vec1().unwrap();
        values[CHUNK + 5] = bad;
        let spoilt = Tensor::from_vec(values, gradient.shape(), &Device::Cpu).unwrap();
        let gradients = gradients_of(&params, &[("a", &gradient), ("b", &spoilt)]);
        assert_eq!(gradients.first_not_finite().unwrap(), Some("b"));
    }
}

#[test]
fn a_weight_without_a_gradient_stays() {
    let (weight, gradient) = large();
    let params = params_of(&[("a", &weight), ("b", &weight)]);
    let mut optimizer = Optimizer::new(Sgd::default(), Decay { rate: 0.1, vectors: true, ..Decay::default() });
    optimizer.step(&params, &gradients_of(&params, &[("a", &gradient)]), 0.1).unwrap();
    assert_eq!(values(&params.get("b").unwrap()), weight.to_vec1::<f32>().unwrap());
}

#[test]
fn weights_near_the_images_move_less() {
    let (weight, gradient) = large();
    let names = ["stem.conv.weight", "blocks.0.conv.weight", "blocks.1.conv.weight", "head.classifier.weight"];
    let params = params_of(&names.map(|name| (name, &weight)));
    let gradients = gradients_of(&params, &names.map(|name| (name, &gradient)));
    let depth = DepthDecay { factor: 0.5, blocks: 2 };
    Optimizer::new(Sgd { momentum: 0.0 }, Decay::default()).by_depth(depth).step(&params, &gradients, 0.8).unwrap();
    for (name, rate) in names.into_iter().zip([0.1, 0.2, 0.4, 0.8]) {
        let expected = (&weight - (&gradient * rate).unwrap()).unwrap().to_vec1::<f32>().unwrap();
        let moved = values(&params.get(name).unwrap());
        assert!(moved.iter().zip(&expected).all(|(moved, expected)| (moved - expected).abs() < 1e-6), "{name}");
    }
}

#[test]
fn weights_whose_names_match_do_not_decay() {
    let (weight, gradient) = large();
    let params = params_of(&[("a.bn.weight", &weight), ("b.weight", &weight)]);
    let decay = Decay { rate: 0.1, vectors: true, except: vec!["*.bn.*".to_owned()] };
    let nothing = (gradient * 0.0).unwrap();
    let gradients = gradients_of(&params, &[("a.bn.weight", &nothing), ("b.weight", &nothing)]);
    Optimizer::new(Sgd { momentum: 0.0 }, decay).step(&params, &gradients, 0.1).unwrap();
    let before: Vec<f32> = weight.to_vec1().unwrap();
    assert_eq!(values(&params.get("a.bn.weight").unwrap()), before);
    let decayed = values(&params.get("b.weight").unwrap());
    assert!(before.iter().zip(&decayed).all(|(before, after)| (after - before * 0.99).abs() < 1e-6));
}

#[test]
fn gradients_of_parts_add_up() {
    let (weight, gradient) = large();
    let params = params_of(&[("a", &weight), ("b", &weight)]);
    let mut sum = gradients_of(&params, &[("a", &gradient)]);
    sum.add(gradients_of(&params, &[("a", &gradient), ("b", &gradient)])).unwrap();
    let norm = |gradient: &Tensor| gradient.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
    assert_eq!(sum.iter().count(), 2);
    let expected = f64::from(5.0 * norm(&gradient)).sqrt();
    assert!((sum.norm().unwrap() / expected - 1.0).abs() < 1e-5);
}
