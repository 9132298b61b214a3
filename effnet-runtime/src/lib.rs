//! Layers, kernels, training and inference for EfficientNetV2 models that [`efficientnet_v2!`] defines, on Candle.

#![cfg_attr(docsrs, feature(doc_cfg))]

// Generated code names `::effnet_runtime`, in this crate's own tests and docs too.
extern crate self as effnet_runtime;

pub use candle_core as candle;
pub use candle_nn;
pub use effnet_macros::efficientnet_v2;
pub use effnet_spec as spec;

pub mod layers;
pub mod ops;
pub mod random;
pub mod simd;
pub mod threads;
pub mod typed;
pub mod weights;

#[cfg(feature = "train")]
pub mod cli;
#[cfg(feature = "train")]
pub mod data;
#[cfg(feature = "train")]
pub mod train;
