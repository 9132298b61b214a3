//! Running statistics of batch normalisation.

use candle_core::{Device, Result, bail};

use crate::backend::on_device;
use crate::backend::running::Follow;
pub(crate) use crate::backend::running::Running;

/// Moves running statistics: `running = (1 - momentum) · running + momentum · batch`. On CUDA all in one launch.
///
/// # Errors
/// When a batch's statistic does not fit its running one.
pub(crate) fn follow(pairs: &[Running]) -> Result<()> {
    for Running { running, batch, .. } in pairs {
        if running.dims() != batch.dims() {
            bail!("a running statistic has shape {:?}, and the batch's {:?}", running.dims(), batch.dims())
        }
    }
    let device = pairs.first().map_or(&Device::Cpu, |pair| pair.running.device());
    on_device!(device, backend => backend.follow(pairs))
}
