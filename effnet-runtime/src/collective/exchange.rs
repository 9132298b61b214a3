//! A group of ranks over anything that carries messages.

use std::fmt;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use super::courier::{Command, Courier};
use super::error::{Error, Result};
use super::transport::{Transport, Waker};
use super::{Collective, Pending};

/// A group of ranks over a [`Transport`]. A thread of its own carries out the operations, so that sums go on while the rank
/// computes.
///
/// A rank that says nothing for six seconds is dead: the group ends then, and every rank is told which. Dropping the last
/// rank's end of a group that has not failed says goodbye to the others.
pub struct Exchange {
    rank: usize,
    size: usize,
    /// None once it is dropped.
    commands: Option<Mutex<Sender<Command>>>,
    waker: Waker,
    lost: Arc<OnceLock<Error>>,
    courier: Option<JoinHandle<()>>,
}

impl Exchange {
    /// Joins the group of the transport that `join` makes, on the thread that will own it.
    ///
    /// # Errors
    /// When `join` fails, or the system starts no thread.
    pub fn start<T: Transport + 'static>(join: impl FnOnce() -> Result<T> + Send + 'static) -> Result<Self> {
        let (commands, of_courier) = channel();
        let (joined, when_joined) = channel();
        let lost = Arc::<OnceLock<Error>>::default();
        let told = Arc::clone(&lost);
        let work = move || {
            let transport = match join() {
                Ok(transport) => transport,
                Err(error) => return drop(joined.send(Err(error))),
            };
            let _ = joined.send(Ok((transport.rank(), transport.size(), transport.waker())));
            Courier::new(transport, of_courier, told).run();
        };
        let courier = std::thread::Builder::new().name("courier".to_owned()).spawn(work);
        let courier = courier
            .map_err(|error| Error::Unformed(format!("the system starts no thread to exchange with: {error}")))?;
        let (rank, size, waker) = when_joined.recv().unwrap_or(Err(Error::Closed))?;
        Ok(Self { rank, size, commands: Some(Mutex::new(commands)), waker, lost, courier: Some(courier) })
    }

    fn command(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // Without a courier the reply's channel is closed, which the caller sees.
            let _ = commands.lock().unwrap_or_else(PoisonError::into_inner).send(command);
            (self.waker)();
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} of {}", self.rank, self.size)
    }
}

impl Collective for Exchange {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn begin_sum(&self, values: Vec<f32>) -> Pending {
        let (reply, sum) = channel();
        self.command(Command::Sum(values, reply));
        Pending::coming(sum)
    }

    fn gather(&self, message: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        let (reply, gathered) = channel();
        self.command(Command::Gather(message, reply));
        gathered.recv().unwrap_or(Err(Error::Closed))
    }

    fn abort(&self, reason: &str) {
        self.command(Command::Abort(reason.to_owned()));
    }

    fn lost(&self) -> Option<Error> {
        self.lost.get().cloned()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        drop(self.commands.take());
        (self.waker)();
        if let Some(courier) = self.courier.take() {
            // A panic of the courier has ended its operations already.
            let _ = courier.join();
        }
    }
}
