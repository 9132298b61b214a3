//! Dense convolutions by cuDNN, in all three directions.
//!
//! cuDNN reads a map as it lies, so nothing is written down but its result. The algorithms are fixed, and those that
//! sum in one order always: a choice by time, or a sum by atomic additions, would give other bits in another run. Sums
//! are f32; gradients of weights come in the maps' number format, since cuDNN takes one format for the whole of a
//! convolution.

mod handle;
mod plan;
#[cfg(test)]
mod tests;

use std::sync::{Once, OnceLock};

use candle_core::cuda_backend::CudaDevice;
use candle_core::cuda_backend::cudarc::cudnn::result::CudnnError;
use candle_core::cuda_backend::cudarc::cudnn::sys::{
    cudnnConvolutionBwdDataAlgo_t as DataAlgorithm, cudnnConvolutionBwdFilterAlgo_t as FilterAlgorithm,
    cudnnConvolutionFwdAlgo_t as ForwardAlgorithm,
};
use candle_core::cuda_backend::cudarc::cudnn::{ConvBackwardData, ConvBackwardFilter, ConvForward};
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, CudaView, CudaViewMut};
use candle_core::{Result, Tensor};

use crate::backend::cuda::{Buffer, Slice, SliceMut, View};
use crate::backend::window::Geometry;
use crate::environment::{self, CUDNN_VARIABLE};
use effnet_kernels::environment::or_warn;
use handle::handle;
use plan::{Number, Plan, order};

const FORWARD: ForwardAlgorithm = ForwardAlgorithm::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
const BACKWARD_DATA: DataAlgorithm = DataAlgorithm::CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
const BACKWARD_FILTER: FilterAlgorithm = FilterAlgorithm::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1;

#[derive(Clone, Copy, Debug)]
enum Direction {
    Forward,
    BackwardInput { accumulate: bool },
    BackwardWeight,
}

/// `x ∗ weight`, or nothing where cuDNN has no kernel for it: `x` is `[N, H, W, I]`, `weight` f32 `[O, I, k, k]`, the
/// result `[N, H', W', O]` in the number format of `x`.
///
/// # Errors
/// When the tensors are not on one CUDA device, or cuDNN fails.
pub(super) fn forward(x: &View<'_>, weight: &Tensor, geometry: &Geometry) -> Result<Option<Tensor>> {
    let (device, element) = (x.device()?, x.element());
    let weight = order(geometry).pack(device, weight, element)?;
    let mut out = Buffer::new(device, element, geometry.out_shape().elem_count())?;
    let is_done = run(Direction::Forward, device, geometry, [x.slice()?, weight.slice()?], out.slice_mut()?)?;
    is_done.then(|| out.into_tensor(geometry.out_shape())).transpose()
}

/// The gradient of `x`, from that of the output, in `dx` or added to what that holds; says whether cuDNN has a kernel
/// for it.
///
/// # Errors
/// As [`forward`].
pub(super) fn backward_input(
    grad: &View<'_>,
    weight: &Tensor,
    geometry: &Geometry,
    dx: &mut Buffer,
    accumulate: bool,
) -> Result<bool> {
    let (device, element) = (grad.device()?, grad.element());
    let weight = order(geometry).pack(device, weight, element)?;
    let direction = Direction::BackwardInput { accumulate };
    run(direction, device, geometry, [grad.slice()?, weight.slice()?], dx.slice_mut()?)
}

/// The gradient of the weight, f32 `[O, I, k, k]`, from `x` and the gradient of the output, or nothing where cuDNN has
/// no kernel for it.
///
/// # Errors
/// As [`forward`].
pub(super) fn backward_weight(x: &View<'_>, grad: &View<'_>, geometry: &Geometry) -> Result<Option<Tensor>> {
    let (device, element, order) = (x.device()?, x.element(), order(geometry));
    let mut packed = Buffer::new(device, element, order.count())?;
    let is_done = run(Direction::BackwardWeight, device, geometry, [x.slice()?, grad.slice()?], packed.slice_mut()?)?;
    is_done.then(|| order.unpack(device, &packed, element)).transpose()
}

/// Whether cuDNN is to do a convolution: it is no product of the maps as they lie, nobody has turned cuDNN off, and the
/// maps are what it takes: of at most 2³¹ − 1 elements, starting at a multiple of 16 bytes.
pub(super) fn is_for(geometry: &Geometry, maps: &[&View<'_>]) -> bool {
    let is_windowed = geometry.kernel > 1 || geometry.stride > 1;
    let largest = geometry.in_count().max(geometry.out_shape().elem_count());
    is_windowed && is_on() && i32::try_from(largest).is_ok() && maps.iter().all(|map| map.is_aligned())
}

/// Whether [`CUDNN_VARIABLE`] leaves cuDNN on; off, convolutions are the matrix products of windows.
fn is_on() -> bool {
    static IS_ON: OnceLock<bool> = OnceLock::new();
    *IS_ON.get_or_init(|| or_warn(environment::cudnn()).unwrap_or(true))
}

/// Computes one direction into `out`, and says whether cuDNN has a kernel for it.
///
/// # Errors
/// When the memory is not what the sizes say, or cuDNN fails.
fn run(
    direction: Direction,
    device: &CudaDevice,
    geometry: &Geometry,
    from: [Slice<'_>; 2],
    out: SliceMut<'_>,
) -> Result<bool> {
    let is_done = match (from, out) {
        ([Slice::F32(a), Slice::F32(b)], SliceMut::F32(out)) => launch(direction, device, geometry, [a, b], out),
        ([Slice::Bf16(a), Slice::Bf16(b)], SliceMut::Bf16(out)) => launch(direction, device, geometry, [a, b], out),
        _ => candle_core::bail!("cuDNN was given a convolution of several number formats, or of bytes"),
    }?;
    static SAID: Once = Once::new();
    if !is_done {
        // Whether it has one depends on shape, GPU and library, so the same run still gives the same bits.
        SAID.call_once(|| {
            tracing::warn!("cuDNN has no kernel for {direction:?} of {geometry:?}: its windows are written down")
        });
    }
    Ok(is_done)
}

fn launch<T: Number>(
    direction: Direction,
    device: &CudaDevice,
    geometry: &Geometry,
    [a, b]: [CudaView<'_, T>; 2],
    mut out: CudaViewMut<'_, T>,
) -> Result<bool> {
    let (x, w, y) = (geometry.in_count(), order(geometry).count(), geometry.out_shape().elem_count());
    let wanted = match direction {
        Direction::Forward => [x, w, y],
        Direction::BackwardInput { .. } => [y, w, x],
        Direction::BackwardWeight => [x, y, w],
    };
    let held = [a.len(), b.len(), out.len()];
    if held != wanted {
        candle_core::bail!(
            "cuDNN was given {held:?} elements for {direction:?} of {geometry:?}, which takes {wanted:?}"
        )
    }
    let Plan { conv, x, w, y } = Plan::<T>::new(&handle(device)?, geometry)?;
    let scales = (T::ONE, T::ZERO);
    // Memory that cuDNN computes in, if any. It comes from the device's pool, which keeps what is given back to it.
    let workspace = |bytes| -> Result<Option<Option<CudaSlice<u8>>>> {
        // SAFETY: any bits are bytes, and cuDNN reads none that it has not written.
        let alloc = |bytes| (bytes > 0).then(|| unsafe { device.alloc::<u8>(bytes) }).transpose();
        supported(geometry, bytes)?.map(alloc).transpose()
    };
    // SAFETY: the memory is of `T` and has the elements that the descriptors say.
    let launched = unsafe {
        match direction {
            Direction::Forward => {
                let convolution = ConvForward { conv: &conv, x: &x, w: &w, y: &y };
                let Some(mut workspace) = workspace(convolution.get_workspace_size(FORWARD))? else { return Ok(false) };
                convolution.launch(FORWARD, workspace.as_mut(), scales, &a, &b, &mut out)
            }
            Direction::BackwardInput { accumulate } => {
                let scales = (T::ONE, if accumulate { T::ONE } else { T::ZERO });
                let convolution = ConvBackwardData { conv: &conv, dx: &x, w: &w, dy: &y };
                let Some(mut workspace) = workspace(convolution.get_workspace_size(BACKWARD_DATA))? else {
                    return Ok(false);
                };
                convolution.launch(BACKWARD_DATA, workspace.as_mut(), scales, &mut out, &b, &a)
            }
            Direction::BackwardWeight => {
                let convolution = ConvBackwardFilter { conv: &conv, x: &x, dw: &w, dy: &y };
                let Some(mut workspace) = workspace(convolution.get_workspace_size(BACKWARD_FILTER))? else {
                    return Ok(false);
                };
                convolution.launch(BACKWARD_FILTER, workspace.as_mut(), scales, &a, &mut out, &b)
            }
        }
    };
    Ok(supported(geometry, launched)?.is_some())
}

/// cuDNN's answer, or nothing where it has no kernel for the question.
fn supported<V>(geometry: &Geometry, answer: std::result::Result<V, CudnnError>) -> Result<Option<V>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        // CUDNN_STATUS_NOT_SUPPORTED, and all that say in more detail why.
        Err(CudnnError(status)) if (3000..4000).contains(&(status as u32)) => Ok(None),
        Err(CudnnError(status)) => {
            candle_core::bail!("cuDNN refused {geometry:?} ({status:?}); {CUDNN_VARIABLE}=off does without it")
        }
    }
}
