//! Steps of optimizers, moving averages and sums of squares, over all parameters at once.
//!
//! The CPU takes one parameter after the other, each in chunks over all threads; CUDA takes all parameters in one
//! launch, however small most of them are. Values that are kept beside a parameter ([`Values`]) lie where the
//! parameter does.

use candle_core::{Device, Result, Tensor, bail};

use crate::backend::on_device;
use crate::backend::update::Update;
pub(crate) use crate::backend::update::{Average, Target};
pub use crate::backend::update::{DeviceRule, Now, Rule, Slot, Values};

/// Takes a step of an optimizer if `is_wanted` says so, which is asked when all is ready for it; says whether it did.
///
/// # Errors
/// When a gradient or a slot does not fit its weight, when they are not on one device, or the device has no kernel of
/// the rule; or when `is_wanted` fails.
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
    let device = targets.first().map_or(&Device::Cpu, |target| target.weight.device());
    on_device!(device, backend => backend.step(rule, targets, is_wanted))
}

/// Lets averages take in the share `new` of what the parameters hold.
///
/// # Errors
/// When an average does not fit its parameter, or they are not on one device.
pub(crate) fn average(pairs: &mut [Average<'_>], new: f32) -> Result<()> {
    check(pairs)?;
    on_device!(device(pairs), backend => backend.average(pairs, new))
}

/// Exchanges parameters and averages.
///
/// # Errors
/// When an average does not fit its parameter, or they are not on one device.
pub(crate) fn swap(pairs: &mut [Average<'_>]) -> Result<()> {
    check(pairs)?;
    on_device!(device(pairs), backend => backend.swap(pairs))
}

fn device<'a>(pairs: &[Average<'a>]) -> &'a Device {
    pairs.first().map_or(&Device::Cpu, |pair| pair.value.device())
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
    let device = tensors.first().map_or(&Device::Cpu, |tensor| tensor.device());
    on_device!(device, backend => backend.squares(tensors))
}
