//! Differentiable operations and their CPU kernels.
//!
//! Feature maps are contiguous tensors `[N, H, W, C]`; weights keep PyTorch's order. Each operation takes any layout,
//! has a backward, and is tested against a naive reference. Nothing above this module looks at the device.

#[cfg(test)]
pub(crate) mod check;
mod image_sums;
mod matmul;
mod node;
mod pooled;
mod scratch;
mod source;
mod window;

mod chain;
mod collected;
mod conv;
mod conv_norm_act;
pub(crate) mod cpu;
pub mod cross_entropy;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
mod depthwise;
mod global_mean;
mod linear;
mod norm_act;
pub(crate) mod running;
mod squeeze_excite;
pub mod trace;
#[cfg(feature = "train")]
pub mod update;

pub use chain::{Around, Part, Sequence, chain};
pub use collected::Collected;
pub use conv::conv2d;
pub use conv_norm_act::{BatchMoments, ConvNormAct, Kind, Norm, Residual, conv_norm_act};
pub use depthwise::depthwise_conv2d;
pub use global_mean::global_mean;
pub use linear::linear;
pub use squeeze_excite::{SqueezeExcite, squeeze_excite};
pub use window::Window;
