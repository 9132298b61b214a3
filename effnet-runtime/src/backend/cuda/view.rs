//! Tensors as device memory.

use std::ops::{Range, RangeBounds};

use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::cudarc::driver::{CudaView, CudaViewMut};
use candle_core::cuda_backend::{CudaDevice, CudaStorage, CudaStorageSlice};
use candle_core::{DType, Device, Error, Result, Storage, StorageRef, Tensor};
use half::bf16;

use crate::backend::view::extent;

/// The numbers that kernels read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    F32,
    Bf16,
    U8,
}

impl Element {
    /// The type of a tensor's elements.
    ///
    /// # Errors
    /// When no kernel takes it.
    pub(crate) fn of(dtype: DType) -> Result<Self> {
        match dtype {
            DType::F32 => Ok(Self::F32),
            DType::BF16 => Ok(Self::Bf16),
            DType::U8 => Ok(Self::U8),
            other => candle_core::bail!("no CUDA kernel of effnet takes {other:?}; convert the tensor to F32"),
        }
    }

    /// Bytes of one.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 => 2,
            Self::U8 => 1,
        }
    }

    /// How kernels' names end.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::U8 => "u8",
        }
    }
}

/// Device memory that a kernel reads.
pub(crate) enum Slice<'a> {
    F32(CudaView<'a, f32>),
    Bf16(CudaView<'a, bf16>),
    U8(CudaView<'a, u8>),
}

/// Device memory that a kernel writes.
pub(crate) enum SliceMut<'a> {
    F32(CudaViewMut<'a, f32>),
    Bf16(CudaViewMut<'a, bf16>),
    U8(CudaViewMut<'a, u8>),
}

impl<'a> Slice<'a> {
    /// Some of its elements.
    ///
    /// # Errors
    /// When it does not have them.
    pub(crate) fn narrow(self, range: Range<usize>) -> Result<Self> {
        let held = self.extent().1;
        let part = match self {
            Self::F32(all) => all.try_slice(range.clone()).map(Self::F32),
            Self::Bf16(all) => all.try_slice(range.clone()).map(Self::Bf16),
            Self::U8(all) => all.try_slice(range.clone()).map(Self::U8),
        };
        part.ok_or_else(|| out_of(range, held))
    }

    /// Its elements' type, and how many there are.
    pub(super) fn extent(&self) -> (Element, usize) {
        match self {
            Self::F32(slice) => (Element::F32, slice.len()),
            Self::Bf16(slice) => (Element::Bf16, slice.len()),
            Self::U8(slice) => (Element::U8, slice.len()),
        }
    }
}

/// The error of elements that are not there.
pub(super) fn out_of(range: Range<usize>, held: usize) -> Error {
    Error::Msg(format!("elements {range:?} of {held} on a CUDA device were asked for"))
}

impl SliceMut<'_> {
    /// Its elements' type, and how many there are.
    pub(super) fn extent(&self) -> (Element, usize) {
        match self {
            Self::F32(slice) => (Element::F32, slice.len()),
            Self::Bf16(slice) => (Element::Bf16, slice.len()),
            Self::U8(slice) => (Element::U8, slice.len()),
        }
    }
}

/// A CUDA tensor's device.
///
/// # Errors
/// When it is on another kind of device.
pub(crate) fn device(tensor: &Tensor) -> Result<&CudaDevice> {
    match tensor.device() {
        Device::Cuda(device) => Ok(device),
        other => candle_core::bail!("a CUDA kernel was given a tensor on {:?}", other.location()),
    }
}

/// The elements of a contiguous tensor on a CUDA device, borrowed.
pub(crate) struct View<'a> {
    storage: StorageRef<'a>,
    range: Range<usize>,
    element: Element,
}

/// Borrows a tensor's elements.
///
/// # Errors
/// When the tensor is not contiguous, not on a CUDA device, or no kernel takes its elements.
pub(crate) fn view(tensor: &Tensor) -> Result<View<'_>> {
    let element = Element::of(tensor.dtype())?;
    let (storage, layout) = tensor.storage_and_layout();
    let range = extent(layout, elements(cuda(&storage)?, ..)?.extent().1)?;
    Ok(View { range, element, storage })
}

/// A storage on a CUDA device.
fn cuda(storage: &Storage) -> Result<&CudaStorage> {
    match storage {
        Storage::Cuda(storage) => Ok(storage),
        _ => candle_core::bail!("a CUDA kernel was given a tensor on another device"),
    }
}

/// Elements of a storage.
///
/// # Errors
/// When it does not have them, or no kernel takes them.
pub(super) fn elements(storage: &CudaStorage, range: impl RangeBounds<usize>) -> Result<Slice<'_>> {
    let slice = match &storage.slice {
        CudaStorageSlice::F32(all) => all.try_slice(range).map(Slice::F32),
        CudaStorageSlice::BF16(all) => all.try_slice(range).map(Slice::Bf16),
        CudaStorageSlice::U8(all) => all.try_slice(range).map(Slice::U8),
        _ => None,
    };
    slice.ok_or_else(|| Error::Msg("elements that a storage on a CUDA device does not have were asked for".to_owned()))
}

impl View<'_> {
    /// How many elements.
    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    /// Their type.
    pub(crate) fn element(&self) -> Element {
        self.element
    }

    /// Whether they start at a multiple of 16 bytes, as new memory does.
    #[cfg(feature = "cudnn")]
    pub(crate) fn is_aligned(&self) -> bool {
        (self.range.start * self.element.bytes()).is_multiple_of(16)
    }

    /// Their device.
    ///
    /// # Errors
    /// Never: [`view`] has checked it.
    pub(crate) fn device(&self) -> Result<&CudaDevice> {
        Ok(cuda(&self.storage)?.device())
    }

    /// The memory.
    ///
    /// # Errors
    /// Never: [`view`] has checked it.
    pub(crate) fn slice(&self) -> Result<Slice<'_>> {
        elements(cuda(&self.storage)?, self.range.clone())
    }
}
