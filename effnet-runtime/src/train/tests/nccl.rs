//! Steps of ranks with GPUs, whose gradients NCCL sums.

use std::sync::Arc;
use std::thread;

use candle_core::Device;

use super::accumulation::part;
use super::{DROPPING, bits, build_tiny, noise};
use crate::Params;
use crate::collective::{Collective, threads};
use crate::nccl::two_gpus;
use crate::train::optimizer::{Decay, Optimizer, Sgd};
use crate::train::{over_gpus, step_over};

type Bits = Vec<(String, Vec<u32>)>;

/// Two steps of two ranks, of 6 and 2 images in two parts; the second rank has nothing of the last part.
fn trained(gpus: &[Device; 2], sums_on_device: bool) -> Vec<Bits> {
    let whole = noise(8, 4);
    let work = |control: Arc<dyn Collective>, gpu: &Device| {
        let ranks = if sums_on_device { over_gpus(control, gpu).unwrap() } else { control };
        assert_eq!(ranks.on_device().is_some(), sums_on_device);
        let network = build_tiny(4, Params::on(1, gpu).builder()).unwrap();
        let mut optimizer = Optimizer::new(Sgd::default(), Decay { rate: 1e-4, vectors: false, except: Vec::new() });
        let runs: &[(usize, usize)] = [[(0, 2), (4, 8)].as_slice(), &[(2, 4)]][ranks.rank()];
        let parts: Vec<_> =
            runs.iter().enumerate().map(|(at, (from, until))| part(&whole, at, *from, *until)).collect();
        for number in 0..2 {
            let outcome = step_over(&ranks, network.as_ref(), &mut optimizer, &parts, &DROPPING, number, 0.1).unwrap();
            assert_eq!(outcome.images, 8);
        }
        bits(network.as_ref())
    };
    thread::scope(|scope| {
        let ends = threads(2).unwrap().into_iter().zip(gpus);
        let ranks: Vec<_> = ends.map(|(end, gpu)| scope.spawn(move || work(Arc::new(end), gpu))).collect();
        ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

/// Two numbers have one sum, whoever takes it.
#[test]
fn steps_are_those_of_sums_in_the_hosts_memory() {
    let Some(gpus) = two_gpus("steps of two ranks") else { return };
    let (found, expected) = (trained(&gpus, true), trained(&gpus, false));
    assert!(found[0] == found[1], "the ranks' weights differ");
    assert!(found[0] == expected[0], "the weights are not those of the host's sums");
}
