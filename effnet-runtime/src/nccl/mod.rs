//! Sums on GPUs by NCCL, beside a group that carries messages.

mod communicator;
mod owner;
#[cfg(test)]
mod tests;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use candle_core::cuda_backend::CudaDevice;
use candle_core::cuda_backend::cudarc::driver::CudaEvent;
use candle_core::{DType, Device, Tensor};

#[cfg(test)]
pub(crate) use tests::two_gpus;

use crate::collective::{Collective, Error, OnDevice, Pending, PendingTensors, Result, together};
use communicator::{Communicator, of_driver};
use owner::{Owner, Sum};

/// How often what waits looks whether a rank is lost.
const LOOK: Duration = Duration::from_millis(100);

/// How long a lost rank's last work may still take to arrive, and NCCL to give up.
const GRACE: Duration = Duration::from_millis(500);

/// How long NCCL may take to end a communicator.
const FAREWELL: Duration = Duration::from_secs(2);

/// A group whose tensors on GPUs NCCL sums. All else is the business of the group that it is made of, which also notices
/// dead ranks: NCCL itself may wait for them without end.
pub(crate) struct Nccl {
    control: Arc<dyn Collective>,
    device: Device,
    cuda: CudaDevice,
    /// None once it is dropped.
    sums: Option<Mutex<Sender<Sum>>>,
    owner: JoinHandle<()>,
}

impl Nccl {
    /// Makes a communicator of all ranks, each of which calls this with its own GPU.
    ///
    /// # Errors
    /// When NCCL does not start on one of them, or a rank is lost.
    pub(crate) fn join(control: Arc<dyn Collective>, device: &Device) -> Result<Self> {
        let Device::Cuda(cuda) = device else {
            return Err(Error::Unformed(format!("NCCL sums on GPUs, and this rank has {:?}", device.location())));
        };
        let own = if control.rank() == 0 { Communicator::id() } else { Ok(Vec::new()) };
        let id = control.broadcast(together(control.as_ref(), own)?)?;
        let (sums, of_owner) = channel();
        let (joined, when_joined) = channel();
        let (with, on) = (Arc::clone(&control), cuda.clone());
        let work = move || match Communicator::join(&on, with.rank(), with.size(), &id) {
            Ok(communicator) => {
                let _ = joined.send(Ok(()));
                Owner::new(with, communicator, of_owner).run();
            }
            // Whoever started it may have stopped waiting.
            Err(error) => drop(joined.send(Err(error))),
        };
        let owner = std::thread::Builder::new().name("nccl".to_owned()).spawn(work);
        let owner = owner.map_err(|error| Error::Unformed(format!("the system starts no thread for NCCL: {error}")));
        // The others wait in NCCL for this rank.
        let owner = owner.and_then(|owner| received(&when_joined, control.as_ref()).map(|()| owner));
        let owner = owner.inspect_err(|error| control.abort(&error.to_string()))?;
        Ok(Self { control, device: device.clone(), cuda: cuda.clone(), sums: Some(Mutex::new(sums)), owner })
    }
}

/// What the thread that owns the communicator replies. It may be held up within NCCL by a rank that is lost.
fn received<T>(reply: &Receiver<Result<T>>, control: &dyn Collective) -> Result<T> {
    let mut lost_since = None::<Instant>;
    loop {
        match reply.recv_timeout(LOOK) {
            Ok(reply) => return reply,
            Err(RecvTimeoutError::Disconnected) => return Err(control.lost().unwrap_or(Error::Closed)),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(error) = control.lost()
            && lost_since.get_or_insert_with(Instant::now).elapsed() > 2 * GRACE
        {
            return Err(error);
        }
    }
}

impl std::fmt::Debug for Nccl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, with NCCL", self.control)
    }
}

impl Collective for Nccl {
    fn rank(&self) -> usize {
        self.control.rank()
    }

    fn size(&self) -> usize {
        self.control.size()
    }

    fn begin_sum(&self, values: Vec<f32>) -> Pending {
        self.control.begin_sum(values)
    }

    fn gather(&self, message: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        self.control.gather(message)
    }

    fn abort(&self, reason: &str) {
        self.control.abort(reason);
    }

    fn lost(&self) -> Option<Error> {
        self.control.lost()
    }

    fn on_device(&self) -> Option<&dyn OnDevice> {
        Some(self)
    }
}

impl OnDevice for Nccl {
    fn device(&self) -> &Device {
        &self.device
    }

    fn begin(&self, tensors: Vec<Tensor>) -> Result<PendingTensors> {
        for tensor in &tensors {
            if tensor.dtype() != DType::F32 || !tensor.is_contiguous() || !tensor.device().same_device(&self.device) {
                return Err(Error::Device(format!("NCCL was given a tensor that it does not sum: {tensor:?}")));
            }
        }
        // The stream of candle's work is this thread's own, and so is known here alone.
        let stream = self.cuda.cuda_stream();
        let ready = stream.record_event(None).map_err(|error| of_driver("record an event", error))?;
        let (reply, done) = channel::<Result<Arc<CudaEvent>>>();
        if let Some(sums) = &self.sums {
            // Without an owner the reply's channel is closed, which the caller sees.
            let sum = Sum { tensors: tensors.clone(), ready, reply };
            let _ = sums.lock().unwrap_or_else(PoisonError::into_inner).send(sum);
        }
        let control = Arc::clone(&self.control);
        Ok(PendingTensors::new(move || {
            let done = received(&done, control.as_ref())?;
            stream.wait(&done).map_err(|error| of_driver("wait for an event", error))?;
            Ok(tensors)
        }))
    }
}

impl Drop for Nccl {
    fn drop(&mut self) {
        drop(self.sums.take());
        let until = Instant::now() + FAREWELL;
        while !self.owner.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
