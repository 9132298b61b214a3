//! What changes or sums up all parameters at once: steps of optimizers, moving averages, sums of squares.
//!
//! On the CPU one parameter after the other, each in chunks over all threads; on CUDA in one launch over all parameters,
//! however small most of them are. What is kept beside a parameter ([`Values`]) lies where the parameter does.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
mod rule;
mod values;

use candle_core::{Result, Tensor, bail};

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

/// Takes a step of an optimizer if `is_wanted` says so, which is asked when all is ready for it; says whether it did.
///
/// # Errors
/// When a gradient or a slot does not fit its weight, when they are not on one device, or the device has no kernel of the
/// rule; or when `is_wanted` fails.
pub(crate) fn step(
    rule: &dyn Rule,
    targets: &mut [Target<'_>],
    is_wanted: impl FnOnce() -> Result<bool>,
) -> Result<bool> {
    for Target { weight, gradient, slots, .. } in targets.iter() {
        let fits = slots.len() == rule.slots().len() && slots.iter().all(|slot| slot.len() == weight.elem_count());
        if gradient.dims() != weight.dims() || !fits {
            let kept: Vec<usize> = slots.iter().map(Values::len).collect();
            bail!("a weight {:?} was to change by a gradient {:?} and {kept:?} values", weight.dims(), gradient.dims())
        }
    }
    #[cfg(feature = "cuda")]
    if targets.first().is_some_and(|target| target.weight.device().is_cuda()) {
        return cuda::step(rule, targets, is_wanted);
    }
    let is_wanted = is_wanted()?;
    if is_wanted {
        targets.iter_mut().try_for_each(|target| cpu::step(rule, target))?;
    }
    Ok(is_wanted)
}

/// Lets averages take in the share `new` of what the parameters hold.
///
/// # Errors
/// When an average does not fit its parameter, or they are not on one device.
pub(crate) fn average(pairs: &mut [Average<'_>], new: f32) -> Result<()> {
    check(pairs)?;
    #[cfg(feature = "cuda")]
    if pairs.first().is_some_and(|pair| pair.value.device().is_cuda()) {
        return cuda::average(pairs, new);
    }
    let change = |average: &mut f32, value: &mut f32| *average += new * (*value - *average);
    pairs.iter_mut().try_for_each(|pair| cpu::with_average(pair, change))
}

/// Exchanges parameters and averages.
///
/// # Errors
/// When an average does not fit its parameter, or they are not on one device.
pub(crate) fn swap(pairs: &mut [Average<'_>]) -> Result<()> {
    check(pairs)?;
    #[cfg(feature = "cuda")]
    if pairs.first().is_some_and(|pair| pair.value.device().is_cuda()) {
        return cuda::swap(pairs);
    }
    pairs.iter_mut().try_for_each(|pair| cpu::with_average(pair, std::mem::swap))
}

fn check(pairs: &[Average<'_>]) -> Result<()> {
    for Average { value, average } in pairs {
        if value.elem_count() != average.len() {
            bail!("an average has {} values, and its parameter {}", average.len(), value.elem_count())
        }
    }
    Ok(())
}

/// The sum of the squares of each of these tensors: finite exactly where all its values are. The order of additions
/// follows from a tensor's length alone.
///
/// # Errors
/// When they are not contiguous f32 tensors on one device.
pub(crate) fn squares(tensors: &[&Tensor]) -> Result<Vec<f64>> {
    #[cfg(feature = "cuda")]
    if tensors.first().is_some_and(|tensor| tensor.device().is_cuda()) {
        return cuda::squares(tensors);
    }
    tensors.iter().map(|tensor| cpu::squares(tensor)).collect()
}
