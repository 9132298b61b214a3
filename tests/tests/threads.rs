//! How the work of whole networks is cut: enough tasks for many cores, and the same bits on many more threads than cores.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

use std::sync::Arc;

use effnet_models::find;
use effnet_runtime::candle::{DType, Device, Tensor};
use effnet_runtime::data::Batch;
use effnet_runtime::infer::{Engine, Options};
use effnet_runtime::threads::{Pool, Trace, trace};
use effnet_runtime::train::optimizer::{Decay, Optimizer, Sgd};
use effnet_runtime::train::{StepOptions, step};
use effnet_runtime::{Network, Params, Precision, Statistics, efficientnet_v2};

efficientnet_v2! {
    /// Every kind of block, small enough for hundreds of passes.
    struct Small <
        [1, 3, 1, 1, 24, 16, fused,  0],
        [2, 3, 2, 4, 16, 32, fused,  0],
        [2, 3, 2, 4, 32, 48, mbconv, 0.25],
        [1, 5, 1, 6, 48, 64, mbconv, 0.25],
    > { num_features: 128, dropout: 0.2, drop_path: 0.2 }
}

/// Tasks that a job has at least, if it takes a share of a pass's time that matters.
const FEWEST_TASKS: usize = 16;

/// The share that matters.
const SHARE: f64 = 0.01;

/// Runs whose median times are looked at.
const RUNS: u64 = 3;

const OPTIONS: StepOptions<'_> = StepOptions {
    seed: 1,
    label_smoothing: 0.1,
    class_weights: None,
    dropout: 0.2,
    drop_path_scale: 1.0,
    precision: Precision::F32,
    statistics: &Statistics::Local,
};

fn network(variant: &str) -> Box<dyn Network> {
    find(variant).unwrap().build(1000, Params::new(1).builder()).unwrap()
}

fn optimizer() -> Optimizer {
    Optimizer::new(Sgd::default(), Decay::default())
}

/// The jobs that take a share that matters and have too few tasks.
fn coarse(mut run: impl FnMut(u64)) -> Vec<String> {
    let runs: Vec<Trace> = (0..RUNS).map(|number| trace(|| run(number)).1).collect();
    let trace = Trace::median(&runs).expect("each run has the same jobs");
    let jobs = trace.jobs.iter().filter_map(|job| {
        let share = job.work().as_secs_f64() / trace.work().as_secs_f64();
        let (by, tasks) = (job.by, job.tasks.len());
        (share >= SHARE && tasks < FEWEST_TASKS).then(|| format!("{by}: {tasks} tasks, {:.1} %", 100.0 * share))
    });
    jobs.collect()
}

#[test]
fn a_batch_is_inferred_in_jobs_for_sixteen_cores() {
    for (variant, size) in [("b0", 224), ("s", 300)] {
        let engine = Engine::new(network(variant).as_ref(), &Options::default()).unwrap();
        let images = Tensor::randn(0f32, 1.0, (8, 3, size, size), &Device::Cpu).unwrap();
        assert_eq!(coarse(|_| drop(engine.forward(&images).unwrap())), [""; 0], "{variant}");
    }
}

#[test]
fn a_step_of_training_is_cut_into_jobs_for_sixteen_cores() {
    for (variant, size) in [("b0", 224), ("s", 300)] {
        let network = network(variant);
        let batch = Batch::noise(8, 3, size, 1000, &Device::Cpu).unwrap();
        let parts = std::slice::from_ref(&batch);
        let run = |number| {
            step(network.as_ref(), &mut optimizer(), parts, &OPTIONS, number, 1e-6).unwrap();
        };
        assert_eq!(coarse(run), [""; 0], "{variant}");
    }
}

/// The bits of a batch's logits, and of all weights after steps of training, on so many threads.
fn bits(network: &dyn Network, batch: &Batch, threads: usize, runs: u64) -> Vec<u32> {
    Arc::new(Pool::new(threads)).install(|| {
        let engine = Engine::new(network, &Options::default().with_threads(threads)).unwrap();
        let mut values = Vec::new();
        for _ in 0..runs {
            values = engine.forward(&batch.images).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        }
        let mut optimizer = optimizer();
        for number in 0..runs {
            step(network, &mut optimizer, std::slice::from_ref(batch), &OPTIONS, number, 1e-3).unwrap();
        }
        for (_, var) in network.params().all() {
            let weights = var.as_detached_tensor().to_dtype(DType::F32).unwrap();
            values.extend(weights.flatten_all().unwrap().to_vec1::<f32>().unwrap());
        }
        values.into_iter().map(f32::to_bits).collect()
    })
}

/// 100 passes either way, in which threads that have no core are preempted anywhere.
#[test]
fn sixty_four_threads_give_the_bits_of_one() {
    let batch = Batch::noise(8, 3, 64, 10, &Device::Cpu).unwrap();
    let network = || Small::new(10, Params::new(1).builder()).unwrap();
    let expected = bits(&network(), &batch, 1, 100);
    assert!(bits(&network(), &batch, 64, 100) == expected);
}
