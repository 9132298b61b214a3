//! Images of every odd size, through whole networks.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

use effnet_runtime::candle::{Device, IndexOp, Tensor};
use effnet_runtime::spec::{Padding, Size};
use effnet_runtime::train::optimizer::Gradients;
use effnet_runtime::{
    Dialect, DynamicModel, Network, NormUpdates, Params, Pass, Precision, Statistics, Step, efficientnet_v2,
};

efficientnet_v2! {
    /// Channels that fill no vector, every kernel, every kind of block.
    struct Odd <
        [2, 3, 1, 1,  5,  5, fused,  0],
        [2, 5, 2, 3,  5,  7, fused,  0.25],
        [2, 7, 2, 1,  7, 11, mbconv, 0.25],
        [2, 7, 1, 3, 11, 11, mbconv, 0],
    > { in_channels: 2, num_features: 13, dropout: 0.3, drop_path: 0.2 }
}

const SIZES: [(usize, usize); 8] = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 7), (8, 8), (17, 5), (33, 26)];

fn images(batch: usize, (height, width): (usize, usize)) -> Tensor {
    let values: Vec<f32> = (0..batch * 2 * height * width).map(|at| (at as f32 * 1.7).sin()).collect();
    Tensor::from_vec(values, (batch, 2, height, width), &Device::Cpu).unwrap()
}

fn network(padding: Padding) -> DynamicModel {
    let dialect = Dialect { padding, ..Dialect::of(&Odd::SPEC.settings) };
    DynamicModel::from_spec(&Odd::SPEC, 3, Params::new(1).with_dialect(dialect).builder()).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn maps_have_the_sizes_that_the_spec_foretells() {
    for padding in [Padding::Symmetric, Padding::Same] {
        let network = network(padding);
        for (height, width) in SIZES {
            let maps = network.stage_maps(&images(1, (height, width)), &Pass::Eval(Precision::F32)).unwrap();
            let sizes = Odd::SPEC.row_sizes(Size { height, width });
            assert_eq!(maps.len(), sizes.len());
            for ((map, size), row) in maps.iter().zip(sizes).zip(Odd::SPEC.rows.iter()) {
                assert_eq!(map.dims(), [1, row.out_channels, size.height, size.width], "{padding:?}");
            }
        }
    }
}

/// Evaluation knows no neighbours: an image's logits do not depend on the batch it is in. Sums are cut by the batch's
/// size, so that they may round otherwise.
#[test]
fn an_image_is_evaluated_alike_alone_and_in_a_batch() {
    for padding in [Padding::Symmetric, Padding::Same] {
        let network = network(padding);
        for size in SIZES {
            let images = images(5, size);
            let together = network.run(&images, &Pass::Eval(Precision::F32)).unwrap();
            for image in 0..5 {
                let alone = network.run(&images.i(image..=image).unwrap(), &Pass::Eval(Precision::F32)).unwrap();
                for (alone, together) in values(&alone).iter().zip(values(&together.i(image).unwrap())) {
                    assert!((alone - together).abs() < 1e-5 * together.abs().max(1.0), "{size:?}: {alone} {together}");
                }
            }
        }
    }
}

#[test]
fn a_step_on_any_size_is_finite_and_reaches_every_weight() {
    for padding in [Padding::Symmetric, Padding::Same] {
        for size in SIZES {
            for batch in [1, 3] {
                let network = network(padding);
                let samples: Vec<u64> = (0..batch as u64).collect();
                let norms = NormUpdates::new();
                let step = Step {
                    seed: 1,
                    step: 0,
                    samples: &samples,
                    dropout: 0.0,
                    drop_path_scale: 1.0,
                    precision: Precision::F32,
                    statistics: &Statistics::Local,
                    norms: &norms,
                };
                let logits = network.run(&images(batch, size), &Pass::Train(&step)).unwrap();
                assert_eq!(logits.dims(), [batch, 3]);
                let loss = logits.sqr().unwrap().sum_all().unwrap();
                let gradients = Gradients::of(&loss, network.params()).unwrap();
                assert_eq!(gradients.first_not_finite().unwrap(), None, "{size:?}, batch {batch}");
                assert_eq!(gradients.iter().count(), network.params().weights().len());
                norms.apply(network.params()).unwrap();
                for (name, buffer) in network.params().buffers() {
                    assert!(values(&buffer).iter().all(|value| value.is_finite()), "{name} at {size:?}");
                }
            }
        }
    }
}

#[test]
fn images_that_do_not_fit_are_refused_in_a_sentence() {
    let network = network(Padding::Symmetric);
    let run = |images: &Tensor| network.run(images, &Pass::Eval(Precision::F32)).unwrap_err().to_string();
    let grey = Tensor::zeros((1, 1, 8, 8), effnet_runtime::candle::DType::F32, &Device::Cpu).unwrap();
    assert!(run(&grey).contains("images are `[N, 2, H, W]` of f32; these are `[1, 1, 8, 8]`"), "{}", run(&grey));
    let flat = Tensor::zeros((2, 8, 8), effnet_runtime::candle::DType::F32, &Device::Cpu).unwrap();
    assert!(!run(&flat).is_empty());
    let none = Tensor::zeros((0, 2, 8, 8), effnet_runtime::candle::DType::F32, &Device::Cpu).unwrap();
    assert!(run(&none).contains("which have no pixels"), "{}", run(&none));
    let doubles = Tensor::zeros((1, 2, 8, 8), effnet_runtime::candle::DType::F64, &Device::Cpu).unwrap();
    assert!(run(&doubles).contains("these are `[1, 2, 8, 8]` of f64: convert them"), "{}", run(&doubles));
}
