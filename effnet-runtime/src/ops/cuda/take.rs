//! A tensor's memory without the tensor.

use std::sync::{Mutex, PoisonError};

use candle_core::cuda_backend::{CudaStorage, CudaStorageSlice};
use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor};

/// The memory of a CUDA tensor that nobody else holds: whoever did would find it empty.
///
/// # Errors
/// When it is on another kind of device.
pub(crate) fn take(tensor: Tensor) -> Result<CudaStorage> {
    let is_whole = tensor.is_contiguous() && tensor.layout().start_offset() == 0;
    let own = if is_whole { tensor } else { tensor.force_contiguous()? };
    let taken = Take(Mutex::new(None));
    own.inplace_op1(&taken)?;
    match taken.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(storage) => Ok(storage),
        None => candle_core::bail!("a tensor's memory was not taken"),
    }
}

/// Candle lends a storage to an operation in place, and to nobody else.
struct Take(Mutex<Option<CudaStorage>>);

impl InplaceOp1 for Take {
    fn name(&self) -> &'static str {
        "take"
    }

    fn cpu_fwd(&self, _: &mut CpuStorage, _: &Layout) -> Result<()> {
        candle_core::bail!("a tensor on the CPU was taken for one on a CUDA device")
    }

    fn cuda_fwd(&self, storage: &mut CudaStorage, _: &Layout) -> Result<()> {
        let device = storage.device.clone();
        // SAFETY: any bits are a byte.
        let slice = CudaStorageSlice::U8(unsafe { device.alloc::<u8>(1)? });
        let empty = CudaStorage { slice, device };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::mem::replace(storage, empty));
        Ok(())
    }
}
