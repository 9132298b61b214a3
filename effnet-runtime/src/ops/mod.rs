//! Differentiable operations and their CPU kernels.

pub(crate) mod cpu;
pub mod cross_entropy;
