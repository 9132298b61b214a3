use candle_core::Tensor;

use super::{DROPPING, build_tiny, noise};
use crate::data::Batch;
use crate::train::optimizer::{Decay, Optimizer, Sgd};
use crate::train::step;
use crate::{Network, Params};

/// Tolerance of a weight against the whole batch's: the parts' sums round differently.
const TOLERANCE: f32 = 1e-5;

/// The images `from..until` of a batch.
pub(super) fn part(batch: &Batch, number: usize, from: usize, until: usize) -> Batch {
    Batch {
        number,
        images: batch.images.narrow(0, from, until - from).unwrap(),
        labels: batch.labels[from..until].to_vec(),
        samples: batch.samples[from..until].to_vec(),
        positions: batch.positions[from..until].to_vec(),
        partners: None,
    }
}

/// A network whose batch normalisations are frozen, so that a part sees what the whole batch would.
pub(super) fn frozen_norms() -> Box<dyn Network> {
    build_tiny(4, Params::new(7).with_frozen(vec!["*.bn.*".to_owned()]).builder()).unwrap()
}

pub(super) fn weights(network: &dyn Network) -> Vec<(String, Vec<f32>)> {
    let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1().unwrap();
    network.params().all().into_iter().map(|(name, var)| (name, values(&var))).collect()
}

/// Two steps of 16 images, with dropout and drop path, in parts that end where `ends` says.
fn trained(ends: &[usize]) -> (Vec<(String, Vec<f32>)>, f64) {
    let (network, batch) = (frozen_norms(), noise(16, 4));
    let mut optimizer = Optimizer::new(Sgd::default(), Decay::default());
    let mut from = 0;
    let parts: Vec<Batch> = ends
        .iter()
        .enumerate()
        .map(|(number, until)| part(&batch, number, std::mem::replace(&mut from, *until), *until))
        .collect();
    let mut loss = 0.0;
    for number in 0..2 {
        let outcome = step(network.as_ref(), &mut optimizer, &parts, &DROPPING, number, 0.05).unwrap();
        assert_eq!(outcome.images, 16);
        loss += outcome.loss;
    }
    (weights(network.as_ref()), loss)
}

#[test]
fn parts_of_a_batch_equal_the_whole() {
    let (whole, loss) = trained(&[16]);
    for ends in [&[8, 16][..], &[4, 8, 12, 16], &[6, 16]] {
        let (parts, loss_of_parts) = trained(ends);
        assert!((loss - loss_of_parts).abs() < f64::from(TOLERANCE), "{loss} and {loss_of_parts}");
        for ((name, whole), (_, parts)) in whole.iter().zip(&parts) {
            for (whole, parts) in whole.iter().zip(parts) {
                assert!((whole - parts).abs() <= TOLERANCE, "{name}: {whole} and {parts} of parts {ends:?}");
            }
        }
    }
}
