//! Tensors as slices, for CPU kernels.

use std::borrow::Borrow;
use std::ops::Deref;

use candle_core::{Result, Storage, StorageRef, Tensor};

/// The elements of a contiguous f32 tensor on the CPU, borrowed.
pub(crate) struct View<'a> {
    storage: StorageRef<'a>,
    start: usize,
    length: usize,
}

/// Borrows a tensor's elements.
///
/// # Errors
/// When the tensor is not contiguous, not f32 or not on the CPU.
pub(crate) fn view(tensor: &Tensor) -> Result<View<'_>> {
    let (storage, layout) = tensor.storage_and_layout();
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("a kernel was given a tensor that is not contiguous: {layout:?}")
    };
    let Storage::Cpu(cpu) = &*storage else { candle_core::bail!("a CPU kernel was given a tensor on another device") };
    let available = cpu.as_slice::<f32>()?.len();
    if end > available {
        candle_core::bail!("a tensor's layout ends at {end}, past its {available} elements")
    }
    Ok(View { storage, start, length: end - start })
}

impl Borrow<[f32]> for View<'_> {
    fn borrow(&self) -> &[f32] {
        self
    }
}

impl Deref for View<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &*self.storage {
            Storage::Cpu(cpu) => match cpu.as_slice::<f32>() {
                Ok(all) => &all[self.start..self.start + self.length],
                // `view` has tried both.
                Err(_) => &[],
            },
            _ => &[],
        }
    }
}
