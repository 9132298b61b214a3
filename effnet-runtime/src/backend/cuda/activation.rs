//! How kernels are told which non-linearity is meant.

use effnet_spec::Activation;

/// The number of a non-linearity in `activation.cuh`.
pub(crate) fn activation_code(activation: Option<Activation>) -> usize {
    match activation {
        None => 0,
        Some(Activation::Silu) => 1,
        Some(Activation::Relu) => 2,
        Some(Activation::Relu6) => 3,
        Some(Activation::HardSwish) => 4,
    }
}
