//! Steps of optimizers and moving averages, over all parameters at once. [`Values`] are kept where their parameter
//! lies.

mod rule;
mod values;

use candle_core::{Result, Tensor};

pub use rule::{DeviceRule, Now, Rule, Slot};
pub use values::Values;

/// A weight that an optimizer changes.
pub(crate) struct Target<'a> {
    pub weight: &'a Tensor,
    pub gradient: &'a Tensor,
    /// The values that are kept for the weight, in the order of [`Rule::slots`].
    pub slots: &'a mut [Values],
    pub now: Now,
}

/// A parameter and its moving average.
pub(crate) struct Average<'a> {
    pub value: &'a Tensor,
    pub average: &'a mut Values,
}

/// Changes, and sums, of all parameters at once.
pub(crate) trait Update {
    /// A step of an optimizer, if `is_wanted` says so, which is asked when all is ready; says whether there was one.
    fn step(
        &self,
        rule: &dyn Rule,
        targets: &mut [Target<'_>],
        is_wanted: impl FnOnce() -> Result<bool>,
    ) -> Result<bool>;

    /// Averages take in the share `new` of their parameters.
    fn average(&self, pairs: &mut [Average<'_>], new: f32) -> Result<()>;

    /// Parameters and averages change places.
    fn swap(&self, pairs: &mut [Average<'_>]) -> Result<()>;

    /// The sum of the squares of each contiguous f32 tensor.
    fn squares(&self, tensors: &[&Tensor]) -> Result<Vec<f64>>;
}
