//! A model in its user's program: under a prefix, beside candle's own layers, with parts frozen or replaced.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

mod classifier;
mod dialect;
mod frozen;
mod images;
mod prefix;
mod program;
#[cfg(feature = "train")]
mod training;
mod transfer;

use effnet_runtime::candle::{DType, Device, Module, Result, Tensor, Var};
use effnet_runtime::candle_nn::{self as nn, VarBuilder};
use effnet_runtime::{Network, Params, efficientnet_v2};

efficientnet_v2! {
    /// The body of most of these programs.
    pub struct Small <
        [1, 3, 1, 1,  8,  8, fused,  0],
        [1, 3, 2, 4,  8, 16, fused,  0],
        [2, 5, 2, 4, 16, 24, mbconv, 0.25],
    > { num_features: 32, dropout: 0, drop_path: 0, eval_size: 32 }
}

/// A body, and one of candle's layers behind it.
struct Regressor {
    body: Small,
    last: nn::Linear,
}

impl Regressor {
    fn new(vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Self { body: Small::new(6, vb.pp("body"))?, last: nn::linear(6, 1, vb.pp("last"))? })
    }
}

impl nn::ModuleT for Regressor {
    fn forward_t(&self, images: &Tensor, train: bool) -> Result<Tensor> {
        self.last.forward(&self.body.forward_t(images, train)?)
    }
}

fn images(count: usize) -> Tensor {
    let pixels: Vec<f32> = (0..count * 3 * 32 * 32).map(|at| (at as f32 * 0.37).sin()).collect();
    Tensor::from_vec(pixels, (count, 3, 32, 32), &Device::Cpu).unwrap()
}

/// Everything that a network or a program holds, as bits.
fn state(params: &Params) -> Vec<(String, Vec<u32>)> {
    params.all().into_iter().map(|(name, var)| (name, bits(&var))).collect()
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    let values: Vec<f32> = tensor.flatten_all().unwrap().to_dtype(DType::F32).unwrap().to_vec1().unwrap();
    values.into_iter().map(f32::to_bits).collect()
}

fn variables(params: &Params) -> Vec<Var> {
    params.weights().into_iter().map(|(_, var)| var).collect()
}

/// The text of an error.
fn sentence<T>(result: std::result::Result<T, impl std::fmt::Display>) -> String {
    match result {
        Ok(_) => panic!("an error was expected"),
        Err(error) => error.to_string(),
    }
}

/// A network's logits for some images, as bits.
fn logits(network: &dyn Network) -> Vec<u32> {
    bits(&effnet_runtime::Eval::new(network).forward(&images(2)).unwrap())
}
