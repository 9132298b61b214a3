//! The thread that owns a communicator, so that nothing but it can be held up within NCCL.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use candle_core::Tensor;
use candle_core::cuda_backend::cudarc::driver::CudaEvent;

use super::communicator::Communicator;
use super::{GRACE, LOOK};
use crate::collective::{Collective, Error, Result};

/// How often sums under way are looked at: short beside a step of 30 ms or more, long beside the microsecond that it takes.
const PAUSE: Duration = Duration::from_micros(50);

/// How long NCCL's error waits for the name of the rank that it may come from: NCCL sees the connections of a rank that was
/// killed close at the same time as the group.
const NAMING: Duration = Duration::from_secs(1);

/// Tensors to sum in place.
pub(super) struct Sum {
    pub(super) tensors: Vec<Tensor>,
    /// Until it is reached the tensors are not there.
    pub(super) ready: CudaEvent,
    /// Takes the event behind the sums, which has been reached.
    pub(super) reply: Sender<Result<Arc<CudaEvent>>>,
}

/// A sum that the device has been given.
struct Begun {
    /// Held until the device is done with them: their memory is then free for other work.
    tensors: Vec<Tensor>,
    done: Arc<CudaEvent>,
    reply: Sender<Result<Arc<CudaEvent>>>,
}

/// The owner of a communicator.
pub(super) struct Owner {
    control: Arc<dyn Collective>,
    /// None after a failure.
    communicator: Option<Communicator>,
    sums: Receiver<Sum>,
    begun: Vec<Begun>,
    failed: Option<Error>,
    lost_since: Option<Instant>,
    looked: Instant,
}

impl Owner {
    pub(super) fn new(control: Arc<dyn Collective>, communicator: Communicator, sums: Receiver<Sum>) -> Self {
        let (begun, looked) = (Vec::new(), Instant::now());
        Self { control, communicator: Some(communicator), sums, begun, failed: None, lost_since: None, looked }
    }

    /// Works until nobody can ask for a sum any more and all are done, then ends the communicator.
    pub(super) fn run(mut self) {
        loop {
            let asked = match self.begun.is_empty() {
                true => self.sums.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => self.sums.recv_timeout(PAUSE),
            };
            match asked {
                Ok(sum) => self.begin(sum),
                Err(RecvTimeoutError::Disconnected) if self.begun.is_empty() => break,
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(PAUSE),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Err(error) = self.settle() {
                self.fail(error);
            }
        }
        match (self.communicator.take(), self.control.lost()) {
            (Some(communicator), Some(_)) => communicator.abort(),
            (communicator, _) => drop(communicator),
        }
    }

    fn begin(&mut self, Sum { tensors, ready, reply }: Sum) {
        match (&self.communicator, &self.failed) {
            (Some(communicator), None) => match communicator.sum(&tensors, &ready) {
                Ok(done) => self.begun.push(Begun { tensors, done: Arc::new(done), reply }),
                Err(error) => {
                    self.fail(error);
                    let _ = reply.send(Err(self.failed.clone().unwrap_or(Error::Closed)));
                }
            },
            (_, failed) => drop(reply.send(Err(failed.clone().unwrap_or(Error::Closed)))),
        }
    }

    /// Hands out what is done. Sums end in the order in which they were begun.
    fn settle(&mut self) -> Result<()> {
        while let Some(first) = self.begun.first() {
            if !Communicator::is_done(&first.done)? {
                break;
            }
            let Begun { tensors, done, reply } = self.begun.remove(0);
            // Before whoever waits has them alone, and the device frees them behind its own work.
            drop(tensors);
            // It may have stopped waiting.
            let _ = reply.send(Ok(done));
        }
        if self.begun.is_empty() || self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.looked = Instant::now();
        if let Some(communicator) = &self.communicator {
            communicator.check()?;
        }
        match self.control.lost() {
            Some(error) if self.lost_since.get_or_insert_with(Instant::now).elapsed() > GRACE => Err(error),
            _ => Ok(()),
        }
    }

    /// Ends the communicator, and all sums with it.
    fn fail(&mut self, error: Error) {
        let until = Instant::now() + NAMING;
        while self.control.lost().is_none() && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
        let error = self.control.lost().unwrap_or_else(|| {
            // The others may wait in NCCL for this rank.
            self.control.abort(&error.to_string());
            error
        });
        if let Some(communicator) = self.communicator.take() {
            communicator.abort();
        }
        for Begun { tensors, reply, .. } in self.begun.drain(..) {
            drop(tensors);
            let _ = reply.send(Err(error.clone()));
        }
        self.failed = Some(error);
    }
}
