//! A group of threads of one process.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::transport::{Arrived, Transport, Waker, next_of, waker_of};
use super::{Exchange, Result};

/// The ends of a group of `size` threads of this process, in the order of their ranks: for tests, and for programs that
/// spread work over threads.
///
/// # Errors
/// When the system starts no more threads.
pub fn threads(size: usize) -> Result<Vec<Exchange>> {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..size).map(|_| channel()).unzip();
    let join = |(rank, arrived)| {
        let senders = senders.clone();
        Exchange::start(move || Ok(Channels { rank, senders, arrived }))
    };
    receivers.into_iter().enumerate().map(join).collect()
}

/// One thread's end of a group's channels. Nothing arrives as what wakes the receiver.
struct Channels {
    rank: usize,
    senders: Vec<Sender<Option<Arrived>>>,
    arrived: Receiver<Option<Arrived>>,
}

impl Transport for Channels {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.senders.len()
    }

    fn send(&mut self, to: usize, message: Vec<u8>) -> Result<()> {
        // A thread that is gone has said goodbye, or closed its channel.
        let _ = self.senders[to].send(Some(Arrived::Message { from: self.rank, message }));
        Ok(())
    }

    fn receive(&mut self, patience: Duration) -> Result<Option<Arrived>> {
        Ok(next_of(&self.arrived, patience))
    }

    fn waker(&self) -> Waker {
        waker_of(&self.senders[self.rank])
    }

    fn leave(self, _: bool) {
        for sender in &self.senders {
            let reason = "its thread has ended".to_owned();
            let _ = sender.send(Some(Arrived::Closed { from: self.rank, reason }));
        }
    }
}
