use candle_core::Tensor;

use super::{OPTIONS, bits, noise, tiny};
use crate::Network;
use crate::train::optimizer::{AdamW, Decay, Optimizer, Sgd};
use crate::train::{Error, StepOptions, step};

fn sgd() -> Optimizer {
    Optimizer::new(Sgd::default(), Decay { rate: 1e-4, vectors: false, except: Vec::new() })
}

#[test]
fn steps_on_one_batch_lower_its_loss() {
    let network = tiny(1, 4);
    let mut optimizer = Optimizer::new(AdamW::default(), Decay { rate: 0.0, vectors: false, except: Vec::new() });
    let batch = noise(8, 4);
    let mut take =
        |number| step(network.as_ref(), &mut optimizer, std::slice::from_ref(&batch), &OPTIONS, number, 0.01).unwrap();
    let first = take(0);
    let last = (1..40).map(&mut take).last().unwrap();
    assert!((first.loss - 4f64.ln()).abs() < 0.5, "{first:?}");
    assert!(last.loss < 0.6 * first.loss && last.correct == 8, "{first:?} {last:?}");
}

#[test]
fn a_step_changes_every_weight_and_every_buffer() {
    let network = tiny(1, 4);
    let before = bits(network.as_ref());
    step(network.as_ref(), &mut sgd(), &[noise(8, 4)], &OPTIONS, 0, 0.1).unwrap();
    for ((name, before), (_, after)) in before.iter().zip(bits(network.as_ref())) {
        assert_ne!(*before, after, "{name}");
    }
}

/// Takes a step that must fail, and checks that it changed nothing.
fn fails(network: &dyn Network, batch: &crate::data::Batch) -> String {
    let (before, mut optimizer) = (bits(network), sgd());
    let error = step(network, &mut optimizer, std::slice::from_ref(batch), &OPTIONS, 6, 0.25).unwrap_err();
    assert!(matches!(error, Error::NotFinite { step: 7, rate: 0.25, .. }), "{error:?}");
    assert_eq!(before, bits(network));
    assert_eq!(optimizer.memory().steps(), 0);
    assert_eq!(optimizer.memory().iter().count(), 0);
    error.to_string()
}

#[test]
fn a_weight_that_is_not_finite_stops_the_run_by_name() {
    let network = tiny(1, 4);
    let weight = network.params().get("blocks.1.project_conv.conv.weight").unwrap();
    weight.set(&Tensor::full(f32::NAN, weight.shape(), weight.device()).unwrap()).unwrap();
    let message = fails(network.as_ref(), &noise(8, 4));
    assert!(message.contains("step 7") && message.contains("0.25"), "{message}");
    assert!(message.contains("`blocks.1.project_conv.conv.weight`"), "{message}");
}

#[test]
fn images_that_are_not_finite_are_named() {
    let mut batch = noise(8, 4);
    batch.images = (batch.images * f64::INFINITY).unwrap();
    assert!(fails(tiny(1, 4).as_ref(), &batch).contains("the images of the batch"));
}

#[test]
fn the_first_layer_that_overflows_is_named() {
    let network = tiny(1, 4);
    // Finite weights whose products are not: the third block's first.
    let weight = network.params().get("blocks.2.expand_conv.conv.weight").unwrap();
    weight.set(&Tensor::full(f32::MAX, weight.shape(), weight.device()).unwrap()).unwrap();
    let message = fails(network.as_ref(), &noise(8, 4));
    assert!(message.contains("`blocks.2.expand_conv.bn`"), "{message}");
}

#[test]
fn dropout_and_drop_path_follow_the_seed_and_the_step() {
    let options = StepOptions { dropout: 0.5, drop_path_scale: 4.0, ..OPTIONS };
    let loss = |seed, number| {
        let network = tiny(1, 4);
        step(network.as_ref(), &mut sgd(), &[noise(8, 4)], &StepOptions { seed, ..options }, number, 0.1).unwrap().loss
    };
    assert_eq!(loss(1, 0), loss(1, 0));
    assert_ne!(loss(1, 0), loss(1, 1));
    assert_ne!(loss(1, 0), loss(2, 0));
}
