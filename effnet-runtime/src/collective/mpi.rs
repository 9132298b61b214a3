//! A group of processes that a launcher of MPI has started.

use std::collections::VecDeque;
use std::mem::{ManuallyDrop, forget, take};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ::mpi::Threading;
use ::mpi::environment::Universe;
use ::mpi::point_to_point::{Message, Status};
use ::mpi::request::{Request, StaticScope};
use ::mpi::topology::SimpleCommunicator;
use ::mpi::traits::{Communicator, CommunicatorCollectives, Destination, Equivalence, Source};

use super::transport::{Arrived, Transport, Waker};
use super::{Error, Result};

/// Longest part of a message: its receiver learns with each that the sender lives.
const PART: usize = 4 << 20;

/// Tags of a message that is one part, of the length of one of several parts, and of such a part.
const WHOLE: i32 = 0;
const LENGTH: i32 = 1;
const OF_SEVERAL: i32 = 2;

/// Time between two looks at what MPI has, at first and at most. MPI's own waits would keep a core from computing, and
/// one that other ranks want as well.
const FIRST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

/// How long a rank that has failed waits until the others have what it has sent.
const FAREWELL_OF_FAILED: Duration = Duration::from_secs(1);

/// A rank of MPI's world. MPI is begun, used and ended by the thread that joins.
pub(super) struct Mpi {
    universe: Universe,
    world: SimpleCommunicator,
    sending: Vec<Lent>,
    /// By sender.
    coming: Vec<VecDeque<Coming>>,
    is_woken: Arc<AtomicBool>,
}

/// A message's memory while MPI reads or writes it. It stays allocated where the requests do not end.
struct Lent {
    memory: ManuallyDrop<Vec<u8>>,
    requests: VecDeque<Request<'static, [u8]>>,
}

/// A message on its way to this rank.
struct Coming {
    received: Lent,
    /// Memory of the parts that have not arrived.
    rest: &'static mut [u8],
}

impl Mpi {
    /// Joins the group, which the launcher says to be of `size` ranks.
    pub(super) fn join(size: usize) -> Result<Self> {
        let begun = ::mpi::initialize_with_threading(Threading::Funneled);
        let (universe, _) = begun.ok_or_else(|| {
            Error::Unformed("MPI was begun before in this process, and it can be begun only once".to_owned())
        })?;
        let world = universe.world();
        if world.size() as usize != size {
            return Err(Error::Unformed(format!(
                "the launcher of MPI has started {size} processes, and MPI knows {}: start them by the `mpirun` of the MPI \
                 that this program was built with",
                world.size()
            )));
        }
        let coming = (0..size).map(|_| VecDeque::new()).collect();
        Ok(Self { universe, world, sending: Vec::new(), coming, is_woken: Arc::default() })
    }

    /// Has MPI send, while this rank goes on.
    fn lend(&mut self, to: usize, message: Vec<u8>, tag: i32) {
        let to = self.world.process_at_rank(to as i32);
        let (mut lent, mut rest) = Lent::new(message);
        loop {
            let part = rest.split_off_mut(..PART.min(rest.len())).unwrap_or_default();
            lent.requests.push_back(to.immediate_send_with_tag(StaticScope, &*part, tag));
            if rest.is_empty() {
                break;
            }
        }
        self.sending.push(lent);
    }

    /// Gives MPI the time to work, and takes the next thing that has arrived.
    fn advance(&mut self) -> Option<Arrived> {
        self.sending.retain_mut(|sending| !sending.is_done());
        while let Some((message, status)) = self.world.any_process().immediate_matched_probe() {
            let coming = &mut self.coming[status.source_rank() as usize];
            match coming.back_mut() {
                Some(last) if !last.rest.is_empty() => last.take_part(message),
                _ => coming.push_back(Coming::new(message, &status)),
            }
        }
        self.coming.iter_mut().enumerate().find_map(|(from, coming)| {
            let first = coming.front_mut()?;
            let parts = first.received.requests.len();
            if first.received.is_done() && first.rest.is_empty() {
                let message = coming.pop_front()?.received.take_back();
                return Some(Arrived::Message { from, message });
            }
            (first.received.requests.len() < parts).then_some(Arrived::Part { from })
        })
    }

    /// Lets MPI work until `is_done`, or the time is past.
    fn work_until(&mut self, until: Option<Instant>, mut is_done: impl FnMut(&Self) -> bool) {
        while !is_done(self) && until.is_none_or(|until| Instant::now() < until) {
            if self.advance().is_none() {
                thread::sleep(LONGEST_PAUSE);
            }
        }
    }
}

impl Transport for Mpi {
    fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    fn size(&self) -> usize {
        self.coming.len()
    }

    fn send(&mut self, to: usize, message: Vec<u8>) -> Result<()> {
        let len = message.len();
        if len <= PART {
            self.lend(to, message, WHOLE);
        } else {
            self.lend(to, (len as u64).to_le_bytes().to_vec(), LENGTH);
            self.lend(to, message, OF_SEVERAL);
        }
        Ok(())
    }

    fn receive(&mut self, patience: Duration) -> Result<Option<Arrived>> {
        let until = Instant::now() + patience;
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(arrived) = self.advance() {
                return Ok(Some(arrived));
            }
            if self.is_woken.swap(false, Ordering::Acquire) || Instant::now() >= until {
                return Ok(None);
            }
            thread::park_timeout(pause);
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    fn waker(&self) -> Waker {
        let (is_woken, own) = (Arc::clone(&self.is_woken), thread::current());
        Box::new(move || {
            is_woken.store(true, Ordering::Release);
            own.unpark();
        })
    }

    fn leave(mut self, has_failed: bool) {
        if has_failed {
            self.work_until(Some(Instant::now() + FAREWELL_OF_FAILED), |mpi| mpi.sending.is_empty());
            // MPI could end only together with all ranks. The launcher ends them when this process does.
            return forget(self);
        }
        self.work_until(None, |mpi| mpi.sending.is_empty());
        // All ranks end MPI together. It would wait for the last one with all its might.
        let mut barrier = Some(self.world.immediate_barrier());
        self.work_until(None, |_| {
            barrier = barrier.take().and_then(|barrier| barrier.test().err());
            barrier.is_none()
        });
        self.work_until(None, |mpi| mpi.coming.iter().all(VecDeque::is_empty));
        drop(self.universe);
    }
}

impl Coming {
    fn new(message: Message, status: &Status) -> Self {
        let mut len = [0; 8];
        let is_whole = status.tag() != LENGTH;
        if is_whole {
            let len = status.count(u8::equivalent_datatype()) as usize;
            let (received, rest) = Lent::new(vec![0; len]);
            let mut coming = Self { received, rest };
            coming.take_part(message);
            return coming;
        }
        message.matched_receive_into(&mut len);
        let (received, rest) = Lent::new(vec![0; u64::from_le_bytes(len) as usize]);
        Self { received, rest }
    }

    fn take_part(&mut self, message: Message) {
        let len = PART.min(self.rest.len());
        let part = self.rest.split_off_mut(..len).unwrap_or_default();
        self.received.requests.push_back(message.immediate_matched_receive_into(StaticScope, part));
    }
}

impl Lent {
    fn new(memory: Vec<u8>) -> (Self, &'static mut [u8]) {
        let mut memory = ManuallyDrop::new(memory);
        // SAFETY: the memory stays where it is until `take_back`, which is called when all requests are done; nobody else
        // uses it until then.
        let lent = unsafe { std::slice::from_raw_parts_mut(memory.as_mut_ptr(), memory.len()) };
        (Self { memory, requests: VecDeque::new() }, lent)
    }

    /// Whether MPI is done with the memory.
    fn is_done(&mut self) -> bool {
        while let Some(request) = self.requests.pop_front() {
            if let Err(request) = request.test() {
                self.requests.push_front(request);
                return false;
            }
        }
        true
    }

    fn take_back(mut self) -> Vec<u8> {
        take(&mut self.memory)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.requests.is_empty() {
            // SAFETY: this is the end of its owner.
            unsafe { ManuallyDrop::drop(&mut self.memory) };
        }
        take(&mut self.requests).into_iter().for_each(forget);
    }
}
