//! New device memory.

use std::ops::Range;

use candle_core::cuda_backend::{CudaDevice, CudaStorage, CudaStorageSlice};
use candle_core::op::BackpropOp;
use candle_core::{Result, Shape, Storage, Tensor};
use half::bf16;

use super::view::{Element, Slice, SliceMut, elements, out_of};
use crate::backend::take::take;

/// Device memory that a kernel fills, and that becomes a tensor then.
#[derive(Debug)]
pub(crate) struct Buffer {
    storage: CudaStorage,
    length: usize,
}

impl Buffer {
    /// Memory for `length` elements, which hold anything until a kernel has written them.
    ///
    /// # Errors
    /// When the device has no more.
    pub(crate) fn new(device: &CudaDevice, element: Element, length: usize) -> Result<Self> {
        // The driver gives no memory of length 0.
        let held = length.max(1);
        // SAFETY: any bits are an f32, a bf16 or a byte: memory that no kernel has written holds arbitrary numbers.
        let slice = unsafe {
            match element {
                Element::F32 => CudaStorageSlice::F32(device.alloc::<f32>(held)?),
                Element::Bf16 => CudaStorageSlice::BF16(device.alloc::<bf16>(held)?),
                Element::U8 => CudaStorageSlice::U8(device.alloc::<u8>(held)?),
            }
        };
        Ok(Self { storage: CudaStorage { slice, device: device.clone() }, length })
    }

    /// The memory of a tensor that nobody else holds: whoever did would find it empty.
    ///
    /// # Errors
    /// When the tensor is on another kind of device, or of a format that no kernel takes.
    pub(crate) fn taken(tensor: Tensor) -> Result<Self> {
        Element::of(tensor.dtype())?;
        let length = tensor.elem_count();
        match take(tensor)? {
            Storage::Cuda(storage) => Ok(Self { storage, length }),
            other => candle_core::bail!("memory on {:?} was taken for that of a CUDA device", other.device()),
        }
    }

    /// The memory, to be read.
    ///
    /// # Errors
    /// Never: it holds what it was made for.
    pub(crate) fn slice(&self) -> Result<Slice<'_>> {
        elements(&self.storage, 0..self.length)
    }

    /// The memory, to be written.
    ///
    /// # Errors
    /// Never: as [`Buffer::slice`].
    pub(crate) fn slice_mut(&mut self) -> Result<SliceMut<'_>> {
        self.part_mut(0..self.length)
    }

    /// Some of the memory, to be written.
    ///
    /// # Errors
    /// When there are no such elements.
    pub(crate) fn part_mut(&mut self, range: Range<usize>) -> Result<SliceMut<'_>> {
        if range.end > self.length || range.start > range.end {
            return Err(out_of(range, self.length));
        }
        Ok(match &mut self.storage.slice {
            CudaStorageSlice::BF16(all) => SliceMut::Bf16(all.slice_mut(range)),
            CudaStorageSlice::U8(all) => SliceMut::U8(all.slice_mut(range)),
            CudaStorageSlice::F32(all) => SliceMut::F32(all.slice_mut(range)),
            other => candle_core::bail!("a buffer of {other:?}"),
        })
    }

    /// The memory as a tensor that tracks nothing.
    ///
    /// # Errors
    /// When the shape has another number of elements.
    pub(crate) fn into_tensor(self, shape: impl Into<Shape>) -> Result<Tensor> {
        let shape = shape.into();
        if shape.elem_count() != self.length {
            candle_core::bail!("a buffer of {} elements was taken for a tensor {shape:?}", self.length)
        }
        Ok(Tensor::from_storage(Storage::Cuda(self.storage), shape, BackpropOp::none(), false))
    }
}
