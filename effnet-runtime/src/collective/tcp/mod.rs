//! A group of processes over TCP: each pair of ranks has one connection.

mod greeting;
mod link;
mod rendezvous;

#[cfg(test)]
mod tests;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::transport::{Arrived, Transport, Waker, next_of, waker_of};
use super::{Error, Result};
use link::Link;
pub use rendezvous::Rendezvous;

/// How long a rank that leaves waits until the others have what it has sent.
const FAREWELL: Duration = Duration::from_secs(5);

/// The same after a failure, when others may be dead, and the rest are told in no time.
const FAREWELL_OF_FAILED: Duration = Duration::from_secs(1);

/// A rank's connections to the others of a group over TCP.
///
/// The connections are neither encrypted nor authenticated: they belong into a network of one's own.
#[derive(Debug)]
pub struct Tcp {
    rank: usize,
    /// By rank, none for this one.
    links: Vec<Option<Link>>,
    own: Sender<Option<Arrived>>,
    /// Nothing arrives as what wakes the receiver.
    arrived: Receiver<Option<Arrived>>,
    /// Closed when all threads of the connections have ended.
    running: Receiver<()>,
}

impl Tcp {
    /// Meets the other ranks, and waits until all have come.
    ///
    /// # Errors
    /// When a rank does not come in time, or is not reached; when ranks were told different numbers of ranks; when two
    /// processes are the same rank; when something else has the port.
    pub fn join(at: &Rendezvous) -> Result<Self> {
        let streams = at.meet()?;
        let (own, arrived) = channel();
        let (runs, running) = channel();
        let start = |(peer, stream): (usize, Option<_>)| {
            stream.map(|stream| Link::start(peer, stream, &own, &runs)).transpose()
        };
        let links = streams.into_iter().enumerate().map(start).collect::<std::io::Result<_>>();
        let links = links.map_err(|error| Error::Unformed(format!("the connections to the other ranks: {error}")))?;
        Ok(Self { rank: at.rank, links, own, arrived, running })
    }
}

impl Transport for Tcp {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.links.len()
    }

    fn send(&mut self, to: usize, message: Vec<u8>) -> Result<()> {
        if let Some(link) = &self.links[to] {
            link.send(message);
        }
        Ok(())
    }

    fn receive(&mut self, patience: Duration) -> Result<Option<Arrived>> {
        Ok(next_of(&self.arrived, patience))
    }

    fn waker(&self) -> Waker {
        waker_of(&self.own)
    }

    fn leave(mut self, has_failed: bool) {
        self.links.iter_mut().flatten().for_each(Link::finish);
        // A reader ends once the other rank, too, sends nothing more: it then has all. To close before could take from it
        // what is under way.
        let until = Instant::now() + if has_failed { FAREWELL_OF_FAILED } else { FAREWELL };
        let _ = self.running.recv_timeout(until.saturating_duration_since(Instant::now()));
        self.links.into_iter().flatten().for_each(Link::close);
    }
}
