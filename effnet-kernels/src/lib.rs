//! CPU kernels on slices: what operations and the inference engine are made of.
//!
//! Nothing here knows of candle. Maps are `[N, H, W, C]`, with or without a border of zeros around each image.

#![allow(
    clippy::needless_range_loop,
    reason = "arrays of vectors are walked by loops that unroll to constant indices, and stay in registers"
)]

pub mod activation;
pub mod buffer;
pub mod cut;
pub mod depthwise;
pub mod dot;
pub mod environment;
pub mod gates;
pub mod gather;
pub mod gemm;
pub mod narrow;
pub mod outer;
mod precision;
pub mod simd;
pub mod threads;
pub mod window_order;
pub mod winograd;

pub use effnet_spec::Activation;
pub use precision::Precision;
