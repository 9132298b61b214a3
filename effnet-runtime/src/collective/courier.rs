//! The thread that carries out a rank's operations, while the rank computes.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::error::{Error, Result};
use super::frame::{Frame, Kind};
use super::operation::Operation;
use super::transport::{Arrived, Transport};

/// Time between two signs of life.
const BEAT: Duration = Duration::from_millis(500);

/// A rank that is silent for so long is dead. Every machine, however loaded, lets a thread run within it.
const SILENCE: Duration = Duration::from_secs(6);

/// What a rank asks of its courier.
pub(super) enum Command {
    Sum(Vec<f32>, Sender<Result<Vec<f32>>>),
    Gather(Vec<u8>, Sender<Result<Vec<Vec<u8>>>>),
    Abort(String),
}

/// Another rank, as this one knows it.
#[derive(Clone)]
struct Peer {
    /// Time of its last message.
    heard: Instant,
    /// It has said that it does no more.
    has_left: bool,
}

/// A rank's end of all its operations.
pub(super) struct Courier<T> {
    transport: T,
    commands: Receiver<Command>,
    /// Number of the next operation, from 1.
    next: u64,
    begun: BTreeMap<u64, Operation>,
    /// Messages of operations that this rank has not begun yet.
    early: BTreeMap<u64, Vec<(usize, Frame)>>,
    peers: Vec<Peer>,
    failed: Option<Error>,
    /// The first of what has failed, or of ranks that have left, for whoever waits by other means.
    lost: Arc<OnceLock<Error>>,
    beaten: Instant,
}

impl<T: Transport> Courier<T> {
    pub(super) fn new(transport: T, commands: Receiver<Command>, lost: Arc<OnceLock<Error>>) -> Self {
        let now = Instant::now();
        let peers = vec![Peer { heard: now, has_left: false }; transport.size()];
        let (begun, early) = (BTreeMap::new(), BTreeMap::new());
        Self { transport, commands, next: 1, begun, early, peers, failed: None, lost, beaten: now }
    }

    /// Works until nobody can give a command any more, then leaves the group.
    pub(super) fn run(mut self) {
        let mut last = Instant::now();
        loop {
            match self.commands.try_recv() {
                Ok(command) => {
                    self.begin(command);
                    continue;
                }
                Err(TryRecvError::Disconnected) => break,
                Err(TryRecvError::Empty) => {}
            }
            match self.transport.receive(BEAT) {
                Ok(Some(arrived)) => self.arrived(arrived),
                Ok(None) => {}
                Err(error) => self.fail(error),
            }
            let now = Instant::now();
            if now - last > SILENCE / 2 {
                // This process was stopped or starved itself: what it has not heard says nothing of the others.
                self.peers.iter_mut().for_each(|peer| peer.heard = now);
            }
            last = now;
            self.beat(now);
        }
        if self.failed.is_none() {
            self.tell_all(&Frame::apart(Kind::Bye, Vec::new()));
        }
        self.transport.leave(self.failed.is_some());
    }

    fn begin(&mut self, command: Command) {
        let place = (self.transport.rank(), self.transport.size());
        let (number, mut lost) = (self.next, None);
        let transport = &mut self.transport;
        let mut send = |to: usize, message: Vec<u8>| {
            if let Err(error) = transport.send(to, message) {
                lost.get_or_insert(error);
            }
        };
        let operation = match (command, &self.failed) {
            (Command::Sum(_, reply), Some(error)) => return drop(reply.send(Err(error.clone()))),
            (Command::Gather(_, reply), Some(error)) => return drop(reply.send(Err(error.clone()))),
            (Command::Sum(values, reply), None) => Operation::sum(number, place, values, reply, &mut send),
            (Command::Gather(own, reply), None) => Operation::gather(number, place, own, reply, &mut send),
            (Command::Abort(reason), failed) => {
                if failed.is_none() {
                    self.tell_all(&Frame::apart(Kind::Abort, reason.clone().into_bytes()));
                    self.fail(Error::Aborted { rank: place.0, reason });
                }
                return;
            }
        };
        self.next += 1;
        self.begun.insert(number, operation);
        if let Some(error) = lost {
            return self.fail(error);
        }
        for (from, frame) in self.early.remove(&number).unwrap_or_default() {
            self.take(from, frame);
        }
        self.advance(number);
        for rank in (0..place.1).filter(|rank| self.peers[*rank].has_left).collect::<Vec<_>>() {
            self.left(rank);
        }
    }

    fn arrived(&mut self, arrived: Arrived) {
        match arrived {
            Arrived::Message { from, message } => {
                self.peers[from].heard = Instant::now();
                let Some(frame) = Frame::from_bytes(message) else {
                    let reason = "it sent what is no message of this version".to_owned();
                    return self.fail(Error::Dead { rank: from, reason });
                };
                match frame.kind {
                    Kind::Beat => {}
                    Kind::Bye => self.left(from),
                    Kind::Abort => {
                        let reason = String::from_utf8_lossy(&frame.payload).into_owned();
                        self.fail(Error::Aborted { rank: from, reason });
                    }
                    Kind::Gather | Kind::Piece | Kind::Sums if frame.operation >= self.next => {
                        self.early.entry(frame.operation).or_default().push((from, frame));
                    }
                    Kind::Gather | Kind::Piece | Kind::Sums => {
                        let number = frame.operation;
                        self.take(from, frame);
                        self.advance(number);
                    }
                }
            }
            Arrived::Part { from } => self.peers[from].heard = Instant::now(),
            Arrived::Closed { from, .. } if self.peers[from].has_left => {}
            Arrived::Closed { from, reason } => self.fail(Error::Dead { rank: from, reason }),
        }
    }

    fn take(&mut self, from: usize, frame: Frame) {
        let Some(operation) = self.begun.get_mut(&frame.operation) else { return };
        if let Err(error) = operation.take(from, frame) {
            self.tell_all(&Frame::apart(Kind::Abort, error.to_string().into_bytes()));
            self.fail(error);
        }
    }

    fn advance(&mut self, number: u64) {
        let Some(operation) = self.begun.get_mut(&number) else { return };
        let (transport, mut lost) = (&mut self.transport, None);
        let is_done = operation.advance(&mut |to, message| {
            if let Err(error) = transport.send(to, message) {
                lost.get_or_insert(error);
            }
        });
        if let Some(error) = lost {
            return self.fail(error);
        }
        if is_done && let Some(operation) = self.begun.remove(&number) {
            operation.end(None);
        }
    }

    /// A rank does no more: whatever still waits for it waits in vain.
    fn left(&mut self, rank: usize) {
        self.peers[rank].has_left = true;
        let error = Error::Dead { rank, reason: "it has ended, and this rank has not".to_owned() };
        self.lost.get_or_init(|| error.clone());
        if self.begun.values().any(|operation| operation.waits_for(rank)) {
            self.fail(error);
        }
    }

    /// Sends a sign of life, and looks for those of the others.
    fn beat(&mut self, now: Instant) {
        if now - self.beaten < BEAT || self.failed.is_some() {
            return;
        }
        self.beaten = now;
        self.tell_all(&Frame::apart(Kind::Beat, Vec::new()));
        let own = self.transport.rank();
        let is_silent = |rank: &usize| {
            let peer = &self.peers[*rank];
            *rank != own && !peer.has_left && now - peer.heard > SILENCE
        };
        if let Some(rank) = (0..self.peers.len()).find(is_silent) {
            let reason = format!("nothing has been heard from it for {} s", SILENCE.as_secs());
            self.fail(Error::Dead { rank, reason });
        }
    }

    /// Sends a message to every rank that is there. Whether it arrives shows in what follows.
    fn tell_all(&mut self, frame: &Frame) {
        let own = self.transport.rank();
        for to in (0..self.peers.len()).filter(|to| *to != own) {
            if !self.peers[to].has_left {
                let _ = self.transport.send(to, frame.clone().into_bytes());
            }
        }
    }

    /// Ends all operations. Other ranks are told of a rank's death, which they may notice later themselves.
    fn fail(&mut self, error: Error) {
        if self.failed.is_some() {
            return;
        }
        self.lost.get_or_init(|| error.clone());
        if let Error::Dead { rank, reason } = &error {
            let reason = format!("rank {rank} is gone: {reason}");
            self.peers[*rank].has_left = true;
            self.tell_all(&Frame::apart(Kind::Abort, reason.into_bytes()));
        }
        for operation in std::mem::take(&mut self.begun).into_values() {
            operation.end(Some(&error));
        }
        self.early.clear();
        self.failed = Some(error);
    }
}
