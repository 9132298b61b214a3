//! Layers, kernels, training and inference for EfficientNetV2 models that [`efficientnet_v2!`] defines, on Candle.

#![cfg_attr(docsrs, feature(doc_cfg))]

// Generated code names `::effnet_runtime`, in this crate's own tests and docs too.
extern crate self as effnet_runtime;

mod builder;
mod dialect;
mod dynamic;
mod feature_map;
mod network;
mod params;
mod pass;
mod scope;

pub mod layers;
pub mod ops;
pub mod random;
pub mod simd;
pub mod threads;
pub mod typed;
pub mod weights;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

#[cfg(feature = "train")]
pub mod cli;
#[cfg(feature = "train")]
pub mod data;
#[cfg(feature = "train")]
pub mod train;

pub use candle_core as candle;
pub use candle_nn;
pub use dialect::{DEFAULT_SIZE, Dialect, Interpolation};
pub use dynamic::DynamicModel;
pub use effnet_macros::efficientnet_v2;
pub use effnet_spec as spec;
pub use feature_map::FeatureMap;
pub use network::{Core, Eval, Network};
pub use params::{Params, is_buffer};
pub use pass::{BatchStatistics, NormUpdates, Pass, Precision, Step};
pub use scope::Scope;
