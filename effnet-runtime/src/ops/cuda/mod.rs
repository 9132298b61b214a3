//! What the operations' CUDA sides have in common: tensors as device memory, new memory, and launches.
//!
//! A kernel is `extern "C" __global__ void <op>_<what>_<f32|bf16>(…)` in the operation's `op.cu`; its host side, in the
//! operation's `cuda.rs`, launches it through [`Launch`], which checks that every buffer has the element type and the
//! length that the kernel is said to use.

mod activation;
mod buffer;
mod columns;
mod gemm;
mod launch;
mod modules;
#[cfg(test)]
pub(crate) mod near;
pub(crate) mod table;
mod take;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use activation::activation_code;
pub(crate) use buffer::Buffer;
pub(crate) use columns::{Columns, pack};
pub(crate) use gemm::{Factor, Gemm};
pub(crate) use launch::{Grid, Launch};
pub(crate) use modules::ptx;
pub(crate) use take::take;
#[cfg(feature = "cudnn")]
pub(crate) use view::SliceMut;
pub(crate) use view::{Element, Slice, View, device, view};
