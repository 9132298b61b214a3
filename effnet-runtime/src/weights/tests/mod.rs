//! One tiny network's weights in every wrapping, and files that hold none, all made by `fixtures/generate.py`.

mod exported;
mod legacy;
mod numbers;
mod refused;
#[cfg(feature = "formats")]
mod tensorflow;
mod wrapped;

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use effnet_spec::{Operator, Row, Settings, Spec};

use super::{Convention, Scheme, WeightsFile};
use crate::dynamic::DynamicModel;
use crate::network::Network;
use crate::params::Params;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/weights/fixtures").join(name)
}

/// The network's table.
fn spec() -> Spec {
    let rows =
        vec![Row::new(1, 3, 1, 1, 4, 4, Operator::Fused, 0.0), Row::new(1, 3, 2, 2, 4, 8, Operator::MbConv, 0.25)];
    let settings = Settings { num_features: 8, train_size: Some(32), eval_size: Some(32), ..Settings::DEFAULT };
    Spec { name: "Tiny".into(), rows: rows.into(), settings }
}

fn build(classes: usize, vb: VarBuilder<'static>) -> candle_core::Result<DynamicModel> {
    DynamicModel::from_spec(&spec(), classes, vb)
}

/// The network with weights of its own, to be replaced by a file's.
fn network(file: &WeightsFile) -> DynamicModel {
    let dialect = file.dialect(&spec(), said(file)).unwrap();
    build(2, Params::new(1).with_dialect(dialect).builder()).unwrap()
}

/// timm's names do not tell how convolutions pad.
fn said(file: &WeightsFile) -> Option<Convention> {
    (file.scheme().unwrap() == Scheme::Timm).then_some(Convention::Torchvision)
}

/// Everything that a network holds, as bits.
fn state(network: &dyn Network) -> Vec<(String, Vec<u32>)> {
    network.params().all().into_iter().map(|(name, var)| (name, bits(&var))).collect()
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
    values.into_iter().map(f32::to_bits).collect()
}

fn images() -> Tensor {
    let values: Vec<f32> = (0..2 * 3 * 32 * 32).map(|at| (at as f32 * 0.61).sin()).collect();
    Tensor::from_vec(values, (2, 3, 32, 32), &Device::Cpu).unwrap()
}
