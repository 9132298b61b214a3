//! CPU kernels on slices: what operations and the inference engine are made of.
//!
//! Nothing here knows of candle. Maps are `[N, H, W, C]`, with or without a border of zeros around each image.

#![allow(
    clippy::needless_range_loop,
    reason = "arrays of vectors are walked by loops that unroll to constant indices, and stay in registers"
)]

pub(crate) mod activation;
pub(crate) mod buffer;
pub(crate) mod cut;
pub(crate) mod depthwise;
pub(crate) mod dot;
pub(crate) mod gates;
pub(crate) mod gather;
pub(crate) mod gemm;
#[cfg(test)]
pub(crate) mod guard;
pub(crate) mod narrow;
pub(crate) mod outer;
pub(crate) mod window_order;
pub(crate) mod winograd;
