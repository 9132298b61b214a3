//! Layers, kernels, training and inference for EfficientNetV2 models that [`efficientnet_v2!`] defines, on Candle.
//!
//! A model's `forward_t` trains, its `eval()` evaluates, and [`Engine`](infer::Engine) serves.
//!
//! # Train
//!
//! The whole command for a network of your own: data, augmentation, schedules, checkpoints, and `--help`, which lists
//! what else there is.
//!
//! ```no_run
//! # #[cfg(feature = "train")] mod with_train {
//! use std::process::ExitCode;
//!
//! use effnet_runtime::{cli::train_main, efficientnet_v2};
//!
//! efficientnet_v2! {
//!     pub struct Digits <
//!         // repeats, kernel, stride, expansion, in, out, operator, se_ratio
//!         [1, 3, 1, 1, 16, 16, fused,  0],
//!         [2, 3, 2, 4, 16, 24, fused,  0],
//!         [2, 3, 2, 4, 24, 32, mbconv, 0.25],
//!     > { num_features: 128, train_size: 32, eval_size: 32 }
//! }
//!
//! fn main() -> ExitCode {
//!     train_main(Digits::new)
//! }
//! # }
//! ```
//!
//! # Classify
//!
//! The file that training left says which network it is for, and how it wants its images.
//!
//! ```no_run
//! # #[cfg(feature = "train")]
//! # fn classify() -> Result<(), Box<dyn std::error::Error>> {
//! use effnet_runtime::candle::D;
//! use effnet_runtime::data::{EvalTransform, decode};
//! use effnet_runtime::infer::{Engine, Options};
//! use effnet_runtime::weights::WeightsFile;
//!
//! let file = WeightsFile::open("run/checkpoints/best.safetensors")?;
//! let about = file.require_metadata()?;
//! let engine = Engine::open(&file, &about.spec, None, &Options::default())?;
//! let transform = EvalTransform::of(&about.dialect, about.dialect.test_size, about.spec.settings.in_channels)?;
//! let image = transform.tensor(&decode(&std::fs::read("seven.png")?, "seven.png")?)?;
//! let class = engine.forward(&image)?.argmax(D::Minus1)?.to_vec1::<u32>()?[0];
//! println!("{}", about.labels[class as usize]);
//! # Ok(())
//! # }
//! ```
//!
//! # Embed
//!
//! What the classifier reads says which pictures are alike. A model that [`Model::new`] builds with 0 classes has nothing
//! else to say.
//!
//! ```
//! # fn main() -> effnet_runtime::candle::Result<()> {
//! use effnet_runtime::candle::{DType, Device, Tensor};
//! use effnet_runtime::infer::{Engine, Options};
//! use effnet_runtime::{Network, Params, Pass, Precision, efficientnet_v2};
//!
//! efficientnet_v2! {
//!     pub struct Body <
//!         [1, 3, 2, 1, 16, 16, fused,  0],
//!         [2, 3, 2, 4, 16, 24, mbconv, 0.25],
//!     > { num_features: 128 }
//! }
//!
//! let body = Body::new(0, Params::new(0).builder())?;
//! let images = Tensor::zeros((4, 3, 32, 32), DType::F32, &Device::Cpu)?;
//! // By the model, which trains,
//! assert_eq!(body.embeddings(&images, &Pass::Eval(Precision::F32))?.dims(), [4, body.num_features()]);
//! // and by the engine, which serves.
//! assert_eq!(Engine::new(&body, &Options::default())?.embeddings(&images)?.dims(), [4, 128]);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

// Generated code names `::effnet_runtime`, in this crate's own tests and docs too.
extern crate self as effnet_runtime;

mod backend;
mod builder;
mod dialect;
mod dynamic;
mod feature_map;
mod frozen;
mod images;
mod layers;
mod model;
#[cfg(feature = "nccl")]
mod nccl;
mod network;
mod params;
mod pass;
mod pattern;
mod scope;
mod sentence;
mod typed;

pub mod collective;
pub mod device;
#[cfg(feature = "onnx")]
pub mod export;
pub mod infer;
pub mod weights;

// Modules for this workspace's own crates, benchmarks and tests.
#[doc(hidden)]
pub mod environment;
#[doc(hidden)]
pub mod graph;
#[doc(hidden)]
pub mod ops;
#[doc(hidden)]
pub mod profile;
#[doc(hidden)]
pub mod random;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

#[cfg(feature = "train")]
pub mod cli;
#[cfg(feature = "train")]
pub mod data;
#[cfg(feature = "report")]
mod page;
#[cfg(feature = "train")]
pub mod search;
#[cfg(feature = "train")]
mod text;
#[cfg(feature = "train")]
pub mod train;

pub use candle_core as candle;
pub use candle_nn;
pub use dialect::{Dialect, Fit, Interpolation};
pub use dynamic::DynamicModel;
pub use effnet_kernels::Precision;
#[doc(hidden)]
pub use effnet_kernels::{simd, threads};
/// A stage table becomes a statically typed model.
///
/// ```
/// use effnet_runtime::candle::{DType, Device, Module, Result, Tensor};
/// use effnet_runtime::{FeatureMap, Params, Pass, Precision, efficientnet_v2};
///
/// efficientnet_v2! {
///     /// For pictures of 32 × 32 pixels.
///     pub struct Small <
///         // repeats, kernel, stride, expansion, in, out, operator, se_ratio
///         [1, 3, 1, 1,  8,  8, fused,  0],
///         [2, 3, 2, 4,  8, 16, fused,  0],
///         [3, 5, 2, 4, 16, 24, mbconv, 0.25],
///     > { num_features: 64, dropout: 0.1, eval_size: 32, budget: { params: 110k, macs: 2M } }
/// }
///
/// # fn main() -> Result<()> {
/// assert_eq!(Small::DROP_PATH.len(), 6);
/// let params = Params::new(0);
/// let model = Small::new(10, params.builder())?;
/// assert_eq!(params.trainable(), Small::params(10));
///
/// let images = Tensor::zeros((4, 3, 32, 32), DType::F32, &Device::Cpu)?;
/// assert_eq!(model.eval().forward(&images)?.dims(), [4, 10]);
///
/// let maps = model.features(&images, &Pass::Eval(Precision::F32))?;
/// let last: FeatureMap<24> = maps.stage_3;
/// assert_eq!(last.size(), (4, 4));
/// # Ok(())
/// # }
/// ```
pub use effnet_macros::efficientnet_v2;
pub use effnet_spec as spec;
pub use feature_map::FeatureMap;
pub use model::Model;
pub use network::{Core, Eval, Network};
pub use params::Params;
pub use pass::{BatchStatistics, NormUpdates, Pass, Statistics, Step};
