//! A tensor's memory without the tensor.

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Storage, Tensor};

/// The memory of a tensor that nobody else holds: whoever did would find it empty.
///
/// # Errors
/// When candle fails.
pub(crate) fn take(tensor: Tensor) -> Result<Storage> {
    let is_whole = tensor.is_contiguous() && tensor.layout().start_offset() == 0;
    let own = if is_whole { tensor } else { tensor.force_contiguous()? };
    let taken = Take(Mutex::new(None));
    own.inplace_op1(&taken)?;
    match taken.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(storage) => Ok(storage),
        None => candle_core::bail!("a tensor's memory was not taken"),
    }
}

/// candle lends a storage to an operation in place, and to nobody else.
struct Take(Mutex<Option<Storage>>);

impl Take {
    fn keep(&self, storage: Storage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(storage);
    }
}

impl InplaceOp1 for Take {
    fn name(&self) -> &'static str {
        "take"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, _: &Layout) -> Result<()> {
        self.keep(Storage::Cpu(std::mem::replace(storage, CpuStorage::U8(Vec::new()))));
        Ok(())
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &mut candle_core::CudaStorage, _: &Layout) -> Result<()> {
        use candle_core::cuda_backend::{CudaStorage, CudaStorageSlice};

        let device = storage.device.clone();
        // SAFETY: any bits are a byte.
        let slice = CudaStorageSlice::U8(unsafe { device.alloc::<u8>(1)? });
        self.keep(Storage::Cuda(std::mem::replace(storage, CudaStorage { slice, device })));
        Ok(())
    }
}
