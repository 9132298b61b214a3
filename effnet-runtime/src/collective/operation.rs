//! Operations of an [`Exchange`](super::Exchange) under way.
//!
//! A sum is cut into one piece for each rank, which sums it: every rank sends every other its values of the other's piece,
//! adds up what it receives for its own in the order of the ranks, and sends the sums to all. Each rank so sends and
//! receives 2 · (n − 1) / n of the values, the least that there is.

use std::ops::Range;
use std::sync::mpsc::Sender;

use super::error::{Error, Result};
use super::frame::{Frame, Kind, bytes_of, values_of};

/// An operation that this rank has begun.
pub(super) struct Operation {
    pub(super) number: u64,
    rank: usize,
    /// What each rank has sent of the first round; this rank's own place is empty.
    received: Vec<Option<Vec<u8>>>,
    work: Work,
}

enum Work {
    Gather {
        own: Vec<u8>,
        reply: Sender<Result<Vec<Vec<u8>>>>,
    },
    Sum {
        values: Vec<f32>,
        /// Ranks whose sums are still to come; this one's own until it has summed.
        missing: Vec<bool>,
        reply: Sender<Result<Vec<f32>>>,
    },
}

/// Where a message goes.
pub(super) type Send<'a> = dyn FnMut(usize, Vec<u8>) + 'a;

impl Operation {
    /// Begins to gather.
    pub(super) fn gather(
        number: u64,
        (rank, size): (usize, usize),
        own: Vec<u8>,
        reply: Sender<Result<Vec<Vec<u8>>>>,
        send: &mut Send<'_>,
    ) -> Self {
        for to in others(rank, size) {
            let frame = Frame { kind: Kind::Gather, operation: number, values: 0, payload: own.clone() };
            send(to, frame.into_bytes());
        }
        Self { number, rank, received: vec![None; size], work: Work::Gather { own, reply } }
    }

    /// Begins to sum.
    pub(super) fn sum(
        number: u64,
        (rank, size): (usize, usize),
        values: Vec<f32>,
        reply: Sender<Result<Vec<f32>>>,
        send: &mut Send<'_>,
    ) -> Self {
        for to in others(rank, size) {
            let payload = bytes_of(&values[piece(values.len(), to, size)]);
            let frame = Frame { kind: Kind::Piece, operation: number, values: values.len() as u64, payload };
            send(to, frame.into_bytes());
        }
        let work = Work::Sum { values, missing: vec![true; size], reply };
        Self { number, rank, received: vec![None; size], work }
    }

    /// Takes a message of another rank.
    ///
    /// # Errors
    /// When the other rank's operation of this number is another one.
    pub(super) fn take(&mut self, from: usize, frame: Frame) -> Result<()> {
        let size = self.received.len();
        match (&mut self.work, frame.kind) {
            (Work::Gather { .. }, Kind::Gather) => self.received[from] = Some(frame.payload),
            (Work::Sum { values, .. }, Kind::Piece) if frame.values == values.len() as u64 => {
                self.received[from] = Some(frame.payload);
            }
            (Work::Sum { values, missing, .. }, Kind::Sums) if frame.values == values.len() as u64 => {
                let own = &mut values[piece(frame.values as usize, from, size)];
                own.iter_mut().zip(values_of(&frame.payload)).for_each(|(value, sum)| *value = sum);
                missing[from] = false;
            }
            (_, kind) => {
                let other_does = match kind {
                    Kind::Gather => "exchanges messages".to_owned(),
                    _ => format!("sums {} values", frame.values),
                };
                return Err(Error::Unequal { rank: self.rank, does: self.does(), other: from, other_does });
            }
        }
        Ok(())
    }

    /// Sends this rank's sums once they can be taken. Returns whether the operation is done.
    pub(super) fn advance(&mut self, send: &mut Send<'_>) -> bool {
        let (rank, size) = (self.rank, self.received.len());
        let has_all = others(rank, size).all(|other| self.received[other].is_some());
        match &mut self.work {
            Work::Gather { .. } => has_all,
            Work::Sum { values, missing, .. } => {
                if has_all && missing[rank] {
                    let (total, range) = (values.len(), piece(values.len(), rank, size));
                    let own = &mut values[range];
                    sum_in_order(own, rank, &mut self.received);
                    for to in others(rank, size) {
                        let payload = bytes_of(own);
                        let frame = Frame { kind: Kind::Sums, operation: self.number, values: total as u64, payload };
                        send(to, frame.into_bytes());
                    }
                    missing[rank] = false;
                }
                !missing.contains(&true)
            }
        }
    }

    /// Whether something is still to come from a rank.
    pub(super) fn waits_for(&self, rank: usize) -> bool {
        match &self.work {
            Work::Gather { .. } => self.received[rank].is_none(),
            // Each rank's sums come last.
            Work::Sum { missing, .. } => missing[rank],
        }
    }

    /// Hands out the result, or the reason why there is none.
    pub(super) fn end(self, failed: Option<&Error>) {
        // Whoever asked may have stopped waiting.
        match self.work {
            Work::Gather { own, reply } => {
                let mut received: Vec<Vec<u8>> = self.received.into_iter().map(Option::unwrap_or_default).collect();
                received[self.rank] = own;
                let _ = reply.send(failed.map_or(Ok(received), |error| Err(error.clone())));
            }
            Work::Sum { values, reply, .. } => {
                let _ = reply.send(failed.map_or(Ok(values), |error| Err(error.clone())));
            }
        }
    }

    fn does(&self) -> String {
        match &self.work {
            Work::Gather { .. } => "exchanges messages".to_owned(),
            Work::Sum { values, .. } => format!("sums {} values", values.len()),
        }
    }
}

/// The values that a rank sums, of `values`.
fn piece(values: usize, rank: usize, size: usize) -> Range<usize> {
    let cut = |rank: usize| values / size * rank + (values % size).min(rank);
    cut(rank)..cut(rank + 1)
}

fn others(rank: usize, size: usize) -> impl Iterator<Item = usize> {
    // Each rank begins with its successor, so that not all of them send to one.
    (1..size).map(move |step| (rank + step) % size)
}

/// `own = ((r₀ + r₁) + r₂) + …` over the ranks, this one's own values in its place.
fn sum_in_order(own: &mut [f32], rank: usize, received: &mut [Option<Vec<u8>>]) {
    let before = received[..rank].iter_mut().filter_map(Option::take).reduce(|mut sums, other| {
        for (sum, value) in sums.as_chunks_mut::<4>().0.iter_mut().zip(values_of(&other)) {
            *sum = (f32::from_le_bytes(*sum) + value).to_le_bytes();
        }
        sums
    });
    if let Some(before) = before {
        own.iter_mut().zip(values_of(&before)).for_each(|(own, sum)| *own += sum);
    }
    for after in received[rank + 1..].iter_mut().filter_map(Option::take) {
        own.iter_mut().zip(values_of(&after)).for_each(|(own, value)| *own += value);
    }
}
