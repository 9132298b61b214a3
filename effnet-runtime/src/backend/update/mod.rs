//! What changes all parameters at once: steps of optimizers, moving averages. What is kept beside a parameter ([`Values`])
//! lies where the parameter does.

mod rule;
mod values;

use candle_core::Tensor;

pub use rule::{Kernel, Now, OnDevice, Rule, Slot};
pub use values::Values;

/// A weight that an optimizer changes.
pub(crate) struct Target<'a> {
    pub weight: &'a Tensor,
    pub gradient: &'a Tensor,
    /// In the order of [`Rule::slots`].
    pub slots: &'a mut [Values],
    pub now: Now,
}

/// A parameter and its moving average.
pub(crate) struct Average<'a> {
    pub value: &'a Tensor,
    pub average: &'a mut Values,
}
