//! Running statistics of batch normalisation.

#[cfg(feature = "cuda")]
mod cuda;

use candle_core::{Result, Tensor, Var, bail};

/// A running statistic, and the batch's that it moves towards.
pub(crate) struct Running {
    pub running: Var,
    pub batch: Tensor,
    /// The batch's share.
    pub momentum: f64,
}

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
    #[cfg(feature = "cuda")]
    if pairs.first().is_some_and(|pair| pair.running.device().is_cuda()) {
        return cuda::follow(pairs);
    }
    pairs.iter().try_for_each(|Running { running, batch, momentum }| {
        let kept = (running.as_tensor().detach() * (1.0 - momentum))?;
        running.set(&(kept + (batch * *momentum)?)?)
    })
}
