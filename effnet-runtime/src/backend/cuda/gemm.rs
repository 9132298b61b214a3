//! Matrix products, by cuBLAS.

use std::ffi::c_void;

use candle_core::Result;
use candle_core::cuda_backend::CudaDevice;
use candle_core::cuda_backend::cudarc::cublas::{result, sys};
use candle_core::cuda_backend::cudarc::driver::{CudaStream, DevicePtr, DevicePtrMut, SyncOnDrop};

use super::view::{Element, Slice, SliceMut};

/// A factor of a product, its rows one after the other.
pub(crate) struct Factor<'a> {
    pub values: Slice<'a>,
    /// Whether the rows are the factor's columns.
    pub is_transposed: bool,
}

impl<'a> Factor<'a> {
    /// The values as they lie.
    pub(crate) fn plain(values: Slice<'a>) -> Self {
        Self { values, is_transposed: false }
    }

    /// The values with rows and columns exchanged.
    pub(crate) fn transposed(values: Slice<'a>) -> Self {
        Self { values, is_transposed: true }
    }
}

/// `out = a · b`, or `out += a · b`: `a` is `[rows, depth]`, `b` `[depth, columns]`. Both factors are of one type; sums
/// are f32 always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gemm {
    pub rows: usize,
    pub depth: usize,
    pub columns: usize,
    /// Whether the product is added to what `out` holds.
    pub accumulate: bool,
}

impl Gemm {
    /// Computes it into `out`, which is of the factors' type or f32.
    ///
    /// # Errors
    /// When a matrix has not as many elements as the sizes say, the types do not fit each other, or cuBLAS fails.
    pub(crate) fn run(&self, device: &CudaDevice, a: Factor<'_>, b: Factor<'_>, out: SliceMut<'_>) -> Result<()> {
        let Self { rows, depth, columns, accumulate } = *self;
        let (of_a, of_b, of_out) = (a.values.extent(), b.values.extent(), out.extent());
        let counts = [of_a.1, of_b.1, of_out.1];
        if counts != [rows * depth, depth * columns, rows * columns] {
            candle_core::bail!("a product {self:?} was given matrices of {counts:?} elements")
        }
        if of_a.0 != of_b.0 || (of_out.0 != of_a.0 && of_out.0 != Element::F32) {
            candle_core::bail!("a product of {:?} and {:?} cannot be {:?}", of_a.0, of_b.0, of_out.0)
        }
        let int = |size: usize| match i32::try_from(size) {
            Ok(size) => Ok(size),
            Err(_) => candle_core::bail!("{size} is too large a side of a matrix for cuBLAS"),
        };
        let (rows, depth, columns) = (int(rows)?, int(depth)?, int(columns)?);
        let stream = device.cuda_stream();
        let (a_pointer, a_guard) = pointer(&a.values, &stream)?;
        let (b_pointer, b_guard) = pointer(&b.values, &stream)?;
        let out_type = number(of_out.0)?;
        let mut out = out;
        let (out_pointer, out_guard) = pointer_mut(&mut out, &stream)?;
        let (one, beta) = (1f32, if accumulate { 1f32 } else { 0.0 });
        let transposed = |is: bool| {
            if is { sys::cublasOperation_t::CUBLAS_OP_T } else { sys::cublasOperation_t::CUBLAS_OP_N }
        };
        let blas = device.cublas_handle();
        // cuBLAS takes columns one after the other: to it, all three are transposed, and outᵀ = bᵀ · aᵀ.
        // SAFETY: each matrix has as many elements as its sides say, which are cuBLAS's sizes; its pointer holds until
        // its guard drops; alpha and beta are f32, as 32F computation wants, and live in this frame.
        unsafe {
            result::gemm_strided_batched_ex(
                *blas.handle(),
                transposed(b.is_transposed),
                transposed(a.is_transposed),
                columns,
                rows,
                depth,
                (&raw const one).cast::<c_void>(),
                b_pointer as *const c_void,
                number(of_b.0)?,
                if b.is_transposed { depth } else { columns },
                0,
                a_pointer as *const c_void,
                number(of_a.0)?,
                if a.is_transposed { rows } else { depth },
                0,
                (&raw const beta).cast::<c_void>(),
                out_pointer as *mut c_void,
                out_type,
                columns,
                0,
                1,
                sys::cublasComputeType_t::CUBLAS_COMPUTE_32F,
                sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
            )
        }
        .map_err(|error| candle_core::Error::Msg(format!("cuBLAS refused the product {self:?}: {error:?}")))?;
        drop((a_guard, b_guard, out_guard));
        Ok(())
    }
}

/// cuBLAS's name of a number format.
fn number(element: Element) -> Result<sys::cudaDataType> {
    match element {
        Element::F32 => Ok(sys::cudaDataType_t::CUDA_R_32F),
        Element::Bf16 => Ok(sys::cudaDataType_t::CUDA_R_16BF),
        Element::U8 => candle_core::bail!("there is no product of bytes"),
    }
}

/// A matrix's address, which holds until its guard is dropped.
fn pointer<'a>(slice: &'a Slice<'_>, stream: &'a CudaStream) -> Result<(u64, SyncOnDrop<'a>)> {
    match slice {
        Slice::F32(view) => Ok(view.device_ptr(stream)),
        Slice::Bf16(view) => Ok(view.device_ptr(stream)),
        Slice::U8(_) => candle_core::bail!("there is no product of bytes"),
    }
}

fn pointer_mut<'a>(slice: &'a mut SliceMut<'_>, stream: &'a CudaStream) -> Result<(u64, SyncOnDrop<'a>)> {
    match slice {
        SliceMut::F32(view) => Ok(view.device_ptr_mut(stream)),
        SliceMut::Bf16(view) => Ok(view.device_ptr_mut(stream)),
        SliceMut::U8(_) => candle_core::bail!("there is no product of bytes"),
    }
}
