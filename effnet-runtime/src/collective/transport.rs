//! What carries messages between ranks.

use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use super::Result;

/// Carries messages between the ranks of a group. Messages of one rank to another arrive in the order in which they were
/// sent; nothing is lost.
///
/// One thread of each rank owns its transport and makes all calls.
pub trait Transport {
    /// This rank, from 0.
    fn rank(&self) -> usize;

    /// Number of ranks, at least 1.
    fn size(&self) -> usize;

    /// Sends a message to another rank. Does not wait for the receiver.
    ///
    /// # Errors
    /// When the rank is known to be dead.
    fn send(&mut self, to: usize, message: Vec<u8>) -> Result<()>;

    /// Takes the next thing that has arrived, from whatever rank. Waits for `patience` at most, and no longer once it is
    /// woken: nothing is returned then.
    ///
    /// # Errors
    /// When the transport itself has failed.
    fn receive(&mut self, patience: Duration) -> Result<Option<Arrived>>;

    /// What wakes a thread that waits in [`Transport::receive`], or that is about to.
    fn waker(&self) -> Waker;

    /// Delivers what was sent, and leaves the group. After a failure nothing can be expected from the other ranks.
    fn leave(self, has_failed: bool);
}

/// Wakes the thread that owns a transport.
pub type Waker = Box<dyn Fn() + Send + Sync>;

/// What arrives at a rank.
#[derive(Debug)]
pub enum Arrived {
    /// A message of a rank.
    Message {
        /// The sender.
        from: usize,
        /// What it sent.
        message: Vec<u8>,
    },
    /// A part of a message that takes long: its sender lives.
    Part {
        /// The sender.
        from: usize,
    },
    /// Nothing more will come from a rank.
    Closed {
        /// The rank.
        from: usize,
        /// How it was noticed.
        reason: String,
    },
}

/// Takes the next thing from a channel on which nothing arrives as what wakes the receiver.
pub(super) fn next_of(channel: &Receiver<Option<Arrived>>, patience: Duration) -> Option<Arrived> {
    channel.recv_timeout(patience).unwrap_or_default()
}

/// What wakes the receiver of such a channel.
pub(super) fn waker_of(channel: &Sender<Option<Arrived>>) -> Waker {
    let channel = channel.clone();
    Box::new(move || drop(channel.send(None)))
}
