//! Small networks that differ.

use std::borrow::Cow;
use std::path::Path;

use effnet_runtime::candle::{Device, Tensor};
use effnet_runtime::spec::{Operator, Row, Settings, Spec};
use effnet_runtime::weights::{Metadata, WeightsFile, save};
use effnet_runtime::{DynamicModel, Network, Params};

/// Two stages; `width` is the first one's.
pub(crate) fn spec(width: usize) -> Spec {
    let rows = vec![
        Row::new(1, 3, 1, 1, 8, width, Operator::Fused, 0.0),
        Row::new(2, 3, 2, 4, width, 16, Operator::MbConv, 0.25),
    ];
    let settings = Settings { num_features: 24, eval_size: Some(40), ..Settings::DEFAULT };
    Spec { name: Cow::Borrowed("Small"), rows: Cow::Owned(rows), settings }
}

pub(crate) fn network(spec: &Spec, classes: usize, seed: u64) -> DynamicModel {
    DynamicModel::from_spec(spec, classes, Params::new(seed).builder()).unwrap()
}

pub(crate) fn tensors(network: &dyn Network) -> Vec<(String, Tensor)> {
    network.params().all().into_iter().map(|(name, var)| (name, var.as_detached_tensor())).collect()
}

/// Writes a network's weights as `train` would.
pub(crate) fn write(network: &dyn Network, path: &Path) -> WeightsFile {
    let labels: Vec<_> = (0..network.num_classes()).map(|class| format!("class {class}")).collect();
    save(path, tensors(network), &Metadata::of(network, "small", &labels)).unwrap();
    WeightsFile::open(path).unwrap()
}

/// Everything a network holds, as bits.
pub(crate) fn state(network: &dyn Network) -> Vec<(String, Vec<u32>)> {
    tensors(network).into_iter().map(|(name, tensor)| (name, bits(&tensor))).collect()
}

pub(crate) fn bits(tensor: &Tensor) -> Vec<u32> {
    values(tensor).into_iter().map(f32::to_bits).collect()
}

pub(crate) fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

pub(crate) fn images() -> Tensor {
    let values: Vec<f32> = (0..2 * 3 * 40 * 33).map(|at| (at as f32 * 0.61).sin()).collect();
    Tensor::from_vec(values, (2, 3, 40, 33), &Device::Cpu).unwrap()
}
