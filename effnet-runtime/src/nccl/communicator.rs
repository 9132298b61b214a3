//! A communicator of NCCL.

use std::sync::Arc;

use candle_core::cuda_backend::CudaDevice;
use candle_core::cuda_backend::cudarc::driver::{CudaEvent, CudaStream, DevicePtr, DriverError};
use candle_core::cuda_backend::cudarc::nccl::sys;
use candle_core::cuda_backend::cudarc::nccl::sys::ncclResult_t as Code;
use candle_core::{DType, Tensor};

use crate::backend::cuda::view::{Slice, view};
use crate::collective::{Error, Result};

/// One rank's end of a communicator, and the stream that its sums are in. It belongs to the thread that made it.
pub(super) struct Communicator {
    handle: sys::ncclComm_t,
    pub(super) stream: Arc<CudaStream>,
    is_aborted: bool,
}

/// The error of a call of NCCL's.
fn failed(call: &str, code: Code) -> Error {
    let hint = match code {
        Code::ncclInvalidUsage => "each rank needs a GPU of its own; NCCL_DEBUG=WARN says more",
        Code::ncclSystemError | Code::ncclRemoteError => "see what the other ranks say; NCCL_DEBUG=WARN says more",
        _ => "NCCL_DEBUG=WARN says more",
    };
    Error::Device(format!("{call} of NCCL failed ({code:?}): {hint}"))
}

fn check(call: &str, code: Code) -> Result<()> {
    if code == Code::ncclSuccess { Ok(()) } else { Err(failed(call, code)) }
}

/// The error of a call of the driver's.
pub(super) fn of_driver(what: &str, error: DriverError) -> Error {
    Error::Device(format!("the GPU's driver does not {what} ({:?})", error.0))
}

impl Communicator {
    /// What all ranks must know to meet, made by one of them.
    pub(super) fn id() -> Result<Vec<u8>> {
        let mut id = sys::ncclUniqueId { internal: [0; 128] };
        // SAFETY: NCCL writes an id through the pointer.
        check("ncclGetUniqueId", unsafe { sys::ncclGetUniqueId(&raw mut id) })?;
        Ok(id.internal.map(|byte| byte as u8).to_vec())
    }

    /// Meets the other ranks, each of which calls this with its own GPU.
    ///
    /// # Errors
    /// When NCCL fails.
    pub(super) fn join(device: &CudaDevice, rank: usize, size: usize, id: &[u8]) -> Result<Self> {
        let mut meeting = sys::ncclUniqueId { internal: [0; 128] };
        meeting.internal.iter_mut().zip(id).for_each(|(to, byte)| *to = *byte as std::ffi::c_char);
        // NCCL works on the GPU of the context that is this thread's.
        let context = device.cuda_stream().context().clone();
        context.bind_to_thread().map_err(|error| of_driver("take a context", error))?;
        let stream = context.new_stream().map_err(|error| of_driver("open a stream", error))?;
        let mut handle = std::ptr::null_mut();
        let number = |number: usize| i32::try_from(number).unwrap_or(-1);
        // SAFETY: NCCL writes a handle through the pointer, if it succeeds.
        let code = unsafe { sys::ncclCommInitRank(&raw mut handle, number(size), meeting, number(rank)) };
        check("ncclCommInitRank", code)?;
        Ok(Self { handle, stream, is_aborted: false })
    }

    /// Gives the device tensors to sum in place once `ready` is reached. Returns the event behind them.
    ///
    /// # Errors
    /// When NCCL or the driver fails.
    pub(super) fn sum(&self, tensors: &[Tensor], ready: &CudaEvent) -> Result<CudaEvent> {
        self.stream.wait(ready).map_err(|error| of_driver("wait for an event", error))?;
        // SAFETY: it takes nothing.
        check("ncclGroupStart", unsafe { sys::ncclGroupStart() })?;
        let asked = tensors.iter().try_for_each(|tensor| self.sum_one(tensor));
        // SAFETY: as above. A group that has begun must end.
        let ended = check("ncclGroupEnd", unsafe { sys::ncclGroupEnd() });
        asked.and(ended)?;
        self.stream.record_event(None).map_err(|error| of_driver("record an event", error))
    }

    fn sum_one(&self, tensor: &Tensor) -> Result<()> {
        let of_candle = |error: candle_core::Error| Error::Device(format!("no memory to sum: {error}"));
        let view = view(tensor).map_err(of_candle)?;
        let Slice::F32(slice) = view.slice().map_err(of_candle)? else {
            return Err(Error::Device(format!(
                "NCCL was given a tensor of {:?} for one of {:?}",
                tensor.dtype(),
                DType::F32
            )));
        };
        let (pointer, _) = slice.device_ptr(&self.stream);
        let buffer = pointer as *mut std::ffi::c_void;
        let (float, sum) = (sys::ncclDataType_t::ncclFloat32, sys::ncclRedOp_t::ncclSum);
        let stream = self.stream.cu_stream().cast();
        // SAFETY: the buffer has as many floats, is nobody else's to use until the event behind the sums is reached, and is
        // held until then by `Owner`.
        let code = unsafe { sys::ncclAllReduce(buffer, buffer, slice.len(), float, sum, self.handle, stream) };
        check("ncclAllReduce", code)
    }

    /// Whether the device has come to an event.
    ///
    /// # Errors
    /// When it has failed.
    pub(super) fn is_done(event: &CudaEvent) -> Result<bool> {
        event.try_is_complete().map_err(|error| of_driver("finish the sums", error))
    }

    /// Looks for errors of what is under way.
    ///
    /// # Errors
    /// When there is one.
    pub(super) fn check(&self) -> Result<()> {
        let mut code = Code::ncclSuccess;
        // SAFETY: NCCL writes a code through the pointer.
        check("ncclCommGetAsyncError", unsafe { sys::ncclCommGetAsyncError(self.handle, &raw mut code) })?;
        if code == Code::ncclInProgress { Ok(()) } else { check("a sum", code) }
    }

    /// Ends all that is under way, without the other ranks.
    pub(super) fn abort(mut self) {
        self.is_aborted = true;
        // SAFETY: the handle is NCCL's, and is used no more. What it returns changes nothing.
        unsafe { sys::ncclCommAbort(self.handle) };
    }
}

impl Drop for Communicator {
    /// Ends the communicator, whose sums are done.
    fn drop(&mut self) {
        if !self.is_aborted {
            // SAFETY: as in `abort`.
            unsafe { sys::ncclCommDestroy(self.handle) };
        }
    }
}
