//! Tensors as slices, on the CPU, and where a tensor's elements lie on any device.

use std::borrow::Borrow;
use std::ops::{Deref, Range};

use candle_core::{Layout, Result, Storage, StorageRef, Tensor};

/// The elements of a contiguous tensor, among the `available` ones of its storage.
///
/// # Errors
/// When the tensor is not contiguous, or its layout ends past the storage.
pub(crate) fn extent(layout: &Layout, available: usize) -> Result<Range<usize>> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("a kernel was given a tensor that is not contiguous: {layout:?}")
    };
    if end > available {
        candle_core::bail!("a tensor's layout ends at {end}, past its {available} elements")
    }
    Ok(start..end)
}

/// The elements of a contiguous f32 tensor on the CPU, borrowed.
pub(crate) struct View<'a> {
    storage: StorageRef<'a>,
    range: Range<usize>,
}

/// Borrows a tensor's elements.
///
/// # Errors
/// When the tensor is not contiguous, not f32 or not on the CPU.
pub(crate) fn view(tensor: &Tensor) -> Result<View<'_>> {
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(cpu) = &*storage else { candle_core::bail!("a CPU kernel was given a tensor on another device") };
    let range = extent(layout, cpu.as_slice::<f32>()?.len())?;
    Ok(View { storage, range })
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
                Ok(all) => &all[self.range.clone()],
                // `view` has tried both.
                Err(_) => &[],
            },
            _ => &[],
        }
    }
}
