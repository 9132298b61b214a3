//! cuDNN's handles.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use candle_core::cuda_backend::CudaDevice;
use candle_core::cuda_backend::cudarc::cudnn::{Cudnn, CudnnError};
use candle_core::{Error, Result};

use crate::environment::CUDNN_VARIABLE;

thread_local! {
    /// The handles of this thread, by a GPU's number and the address of a stream: no two threads may use one at a time.
    /// A handle holds its stream, so that no other stream gets the address.
    static HANDLES: RefCell<HashMap<(usize, usize), Arc<Cudnn>>> = RefCell::default();
}

/// This thread's handle for a device, made when it is first asked for.
///
/// # Errors
/// When cuDNN does not start.
pub(super) fn handle(device: &CudaDevice) -> Result<Arc<Cudnn>> {
    let stream = device.cuda_stream();
    let key = (stream.context().ordinal(), stream.cu_stream() as usize);
    HANDLES.with_borrow_mut(|handles| {
        if let Some(handle) = handles.get(&key) {
            return Ok(handle.clone());
        }
        let handle = Cudnn::new(stream).map_err(|CudnnError(status)| {
            Error::Msg(format!(
                "cuDNN does not start ({status:?}): see `docs/cuda.md`, or set {CUDNN_VARIABLE}=off to do without it"
            ))
        })?;
        handles.insert(key, handle.clone());
        Ok(handle)
    })
}
