//! The group that sums gradients where they are.

use std::sync::Arc;

use candle_core::Device;

use super::super::error::Result;
use crate::collective::Collective;

/// The group, which sums on the ranks' devices where all have GPUs and this is built with the feature `nccl`. All ranks
/// call this, as an operation of their group.
///
/// # Errors
/// When a rank has aborted or is dead; when NCCL does not start.
pub fn over_gpus(ranks: Arc<dyn Collective>, device: &Device) -> Result<Arc<dyn Collective>> {
    if ranks.size() == 1 || ranks.gather(vec![u8::from(device.is_cuda())])?.iter().any(|is_cuda| is_cuda != &[1]) {
        return Ok(ranks);
    }
    #[cfg(feature = "nccl")]
    {
        Ok(Arc::new(crate::nccl::Nccl::join(ranks, device)?))
    }
    #[cfg(not(feature = "nccl"))]
    {
        if ranks.rank() == 0 {
            tracing::info!(
                "gradients are summed in the host's memory, as this program is built without NCCL: --features nccl keeps \
                 them on the GPUs"
            );
        }
        Ok(ranks)
    }
}
