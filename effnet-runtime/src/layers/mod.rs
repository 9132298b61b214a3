//! Run-time-sized layers, over maps `[N, H, W, C]`.
//!
//! [`crate::typed`] wraps each in a type that carries its channel counts; [`crate::DynamicModel`] holds them as they are.
//! Parameter names are those of the WZMIAOMIAO model.

mod block;
mod conv_bn_act;
mod drop_path;
mod dropout;
mod fused_mbconv;
mod head;
mod mbconv;
mod sequence;
mod squeeze_excite;
mod stem;

pub use block::Block;
pub use conv_bn_act::{ConvBnAct, ConvShape};
pub use fused_mbconv::FusedMbConv;
pub use head::Head;
pub use mbconv::MbConv;
pub use sequence::{Sequence, run, run_network};
pub use squeeze_excite::SqueezeExcite;
pub use stem::Stem;
