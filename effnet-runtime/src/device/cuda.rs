//! GPUs, each opened once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use candle_core::cuda_backend::cudarc::driver::{CudaContext, result::device, sys};
use candle_core::{DType, Device, Tensor};

use crate::sentence::sentence;

static OPEN: Mutex<BTreeMap<usize, Device>> = Mutex::new(BTreeMap::new());

/// The GPU of this number, or why it is not available.
pub(super) fn gpu(ordinal: usize) -> Result<Device, String> {
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(device) = open.get(&ordinal) {
        return Ok(device.clone());
    }
    let count = gpus()?;
    if ordinal >= count {
        let known = match count {
            0 => "the driver reports no GPU: see what nvidia-smi says".to_owned(),
            1 => "the only GPU is cuda:0".to_owned(),
            count => format!("the GPUs are cuda:0 to cuda:{}", count - 1),
        };
        return Err(known);
    }
    let device =
        Device::new_cuda(ordinal).map_err(|error| format!("the GPU cannot be opened: {}", sentence(&error)))?;
    keep_memory(ordinal);
    if let Device::Cuda(device) = &device {
        // Creating and destroying two events for each allocation takes a tenth of a step's time in the driver.
        // SAFETY: cudarc needs these events in contexts that have opened a stream, which NCCL's sums alone do here, with
        // events of their own (collective/nccl). Candle works in each thread's own stream of the driver, whose order is enough within a thread. Memory that another
        // thread receives has been waited for (train/upload.rs), and the driver reuses freed memory in order.
        unsafe { device.disable_event_tracking() };
    }
    works(&device, ordinal)?;
    open.insert(ordinal, device.clone());
    Ok(device)
}

/// Number of GPUs that the driver reports.
pub(super) fn gpus() -> Result<usize, String> {
    let found = candle_core::cuda_backend::cudarc::driver::result::init().and_then(|()| device::get_count());
    match found {
        Ok(count) => Ok(usize::try_from(count).unwrap_or(0)),
        Err(error) if error.0 == sys::CUresult::CUDA_ERROR_NO_DEVICE => Ok(0),
        Err(error) => Err(format!("NVIDIA's driver does not start ({:?}): see what nvidia-smi says", error.0)),
    }
}

/// Makes the driver keep the memory that one step frees for the next one. By default it returns all of it whenever a
/// thread synchronises with the device, and allocates it anew. A driver that refuses this costs only time.
fn keep_memory(ordinal: usize) {
    let Ok(context) = CudaContext::new(ordinal) else { return };
    if !context.has_async_alloc() {
        return;
    }
    let (mut pool, mut threshold) = (std::ptr::null_mut(), u64::MAX);
    // SAFETY: the driver writes a pool's handle through the first pointer and reads a `cuuint64_t`, which is this
    // attribute's type, through the second.
    let _ = unsafe {
        match sys::cuDeviceGetDefaultMemPool(&raw mut pool, context.cu_device()) {
            sys::CUresult::CUDA_SUCCESS => sys::cuMemPoolSetAttribute(
                pool,
                sys::CUmemPool_attribute_enum::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD,
                (&raw mut threshold).cast(),
            ),
            refused => refused,
        }
    };
}

/// Whether this build's kernels run on the device: they are compiled for one kind of GPU.
fn works(device: &Device, ordinal: usize) -> Result<(), String> {
    let tried = || -> candle_core::Result<f32> { (Tensor::ones(1, DType::F32, device)? + 1.0)?.get(0)?.to_scalar() };
    let why = match tried() {
        Ok(2.0) => return Ok(()),
        Ok(other) => format!("1 + 1 is {other} there"),
        Err(error) => sentence(&error),
    };
    let capability = CudaContext::new(ordinal).and_then(|context| context.compute_capability());
    let hint = match capability {
        Ok((major, minor)) => format!("; build effnet with CUDA_COMPUTE_CAP={major}{minor}"),
        Err(_) => String::new(),
    };
    let built = env!("EFFNET_COMPUTE_CAP");
    Err(format!("this build's kernels, compiled for compute capability {built}, do not run there ({why}){hint}"))
}
