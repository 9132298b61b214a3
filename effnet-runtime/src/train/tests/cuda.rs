//! Steps and runs on a CUDA device, against the CPU's.

use candle_core::{Device, Tensor};
use tempfile::TempDir;

use super::{DROPPING, begin, bits, build_tiny, noise, resume, tiny_config};
use crate::train::optimizer::{Decay, Optimizer, Sgd};
use crate::train::step;
use crate::{Network, Params, device};

/// Tolerance of a loss after a few steps and of a weight after one, relative to the largest of its tensor: orders of
/// summation differ, through a dozen layers and back.
const LOSS_TOLERANCE: f64 = 1e-4;
const WEIGHT_TOLERANCE: f32 = 1e-4;

/// Relative tolerance of an epoch's loss: AdamW divides by gradients that may be rounding alone, and ten steps build on
/// that.
const RUN_TOLERANCE: f64 = 5e-3;

/// A test that finds no device fails.
fn cuda() -> Device {
    device::open("cuda").unwrap().device
}

fn on(device: &Device) -> Box<dyn Network> {
    build_tiny(4, Params::on(1, device).builder()).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn a_step_is_the_cpus() {
    let (network, expected) = (on(&cuda()), on(&Device::Cpu));
    let take = |network: &dyn Network| {
        let decay = Decay { rate: 1e-4, vectors: false, except: Vec::new() };
        let mut optimizer = Optimizer::new(Sgd::default(), decay);
        step(network, &mut optimizer, &[noise(4, 4), noise(4, 4)], &DROPPING, 0, 0.1).unwrap()
    };
    let (found, wanted) = (take(network.as_ref()), take(expected.as_ref()));
    assert!((found.loss - wanted.loss).abs() <= LOSS_TOLERANCE, "{found:?} {wanted:?}");
    assert_eq!(found.correct, wanted.correct);
    for ((name, found), (_, expected)) in network.params().all().iter().zip(expected.params().all()) {
        assert!(found.device().is_cuda(), "{name}");
        let (found, expected) = (values(found), values(&expected));
        let largest = expected.iter().fold(1e-2f32, |largest, value| largest.max(value.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= WEIGHT_TOLERANCE * largest, "`{name}`: {found} and {expected}");
        }
    }
}

#[test]
fn a_step_gives_the_same_bits_again() {
    let run = || {
        let network = on(&cuda());
        let mut optimizer = Optimizer::new(Sgd::default(), Decay { rate: 1e-4, vectors: false, except: Vec::new() });
        for number in 0..2 {
            step(network.as_ref(), &mut optimizer, &[noise(8, 4)], &DROPPING, number, 0.1).unwrap();
        }
        bits(network.as_ref())
    };
    assert!(run() == run());
}

/// Losses of a run's epochs, and the network's bits.
fn trained(over: &str, folder: &TempDir) -> (Vec<f64>, Vec<(String, Vec<u32>)>) {
    let config = tiny_config(over);
    let path = folder.path().join("run");
    let mut trainer = begin(config, &path);
    trainer.run(&mut (), &|| false).unwrap();
    let metrics = std::fs::read_to_string(path.join("metrics.csv")).unwrap();
    let losses = metrics.lines().skip(1).map(|row| row.split(',').nth(4).unwrap().parse().unwrap());
    (losses.collect(), bits(trainer.facts().network.as_ref()))
}

#[test]
fn a_run_is_the_cpus_and_can_be_resumed() {
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let (expected, _) = trained("", &folders[0]);
    let (found, trained_bits) = trained("compute.device = \"cuda\"", &folders[1]);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() <= RUN_TOLERANCE * expected, "{found} {expected}");
    }
    let resumed = resume(&folders[1].path().join("run")).unwrap();
    assert!(resumed.facts().network.params().device().is_cuda());
    assert!(bits(resumed.facts().network.as_ref()) == trained_bits);
}
