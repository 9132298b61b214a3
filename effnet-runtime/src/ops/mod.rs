//! Differentiable operations and their CPU kernels.
