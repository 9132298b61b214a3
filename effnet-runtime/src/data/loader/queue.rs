use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{LoaderOptions, OnBadImage};
use crate::data::error::Error;

/// How long an error waits for files that stand before it in the order: one of them may hang on a dead disk.
pub(super) const PATIENCE: Duration = Duration::from_millis(400);

/// Connects the threads, which claim positions of the order and fill in samples, with the consumer, which takes
/// batches.
///
/// Positions are claimed one by one in order: all threads share a batch, and it is ready as early as possible.
pub(super) struct Queue {
    options: LoaderOptions,
    /// The position in the order where the epoch ends.
    end: usize,
    /// Floats a sample.
    floats: usize,
    state: Mutex<State>,
    /// Signals that there may be a position to claim.
    work: Condvar,
    /// Signals that there may be a batch or an error to take.
    ready: Condvar,
}

#[derive(Default)]
struct State {
    /// The batch and the position to hand out next.
    number: usize,
    next: usize,
    /// The number of the batch that the consumer takes next.
    front: usize,
    /// The batches from `front` on that have been begun.
    begun: VecDeque<Filling>,
    /// Positions claimed and not finished.
    in_work: BTreeSet<usize>,
    /// The failure with the lowest position, and the time of the first failure.
    failure: Option<(usize, Error, Instant)>,
    stopped: bool,
}

struct Filling {
    images: Arc<Mutex<Vec<f32>>>,
    /// The error that left each slot empty, if there was one.
    faults: Vec<Option<Error>>,
    missing: usize,
}

/// A sample to load.
pub(super) struct Claim {
    /// The sample's position in the order.
    pub(super) position: usize,
    slot: usize,
    images: Arc<Mutex<Vec<f32>>>,
}

/// A batch whose samples have all been loaded or found bad.
pub(super) struct Filled {
    pub(super) number: usize,
    /// The position of its first sample in the order.
    pub(super) first: usize,
    /// All slots' floats; zeros in slots of bad files.
    pub(super) images: Vec<f32>,
    /// The error that left each slot empty, if there was one.
    pub(super) faults: Vec<Option<Error>>,
}

impl Queue {
    /// A queue of `samples` samples of `floats` floats each.
    pub(super) fn new(options: &LoaderOptions, samples: usize, floats: usize) -> Self {
        let end = samples.min(options.batches(samples).saturating_mul(options.batch));
        let (options, front) = (options.clone(), options.skip_batches);
        let state = Mutex::new(State { number: front, front, ..State::default() });
        let queue = Self { options, end, floats, state, work: Condvar::new(), ready: Condvar::new() };
        queue.begin_batch(&mut queue.lock());
        queue
    }

    /// Positions of a batch in the order, as far as they belong to the share.
    fn positions(&self, number: usize) -> Range<usize> {
        let first = number.saturating_mul(self.options.batch).min(self.end);
        self.options.share.of(first..first.saturating_add(self.options.batch).min(self.end))
    }

    fn is_past_end(&self, number: usize) -> bool {
        number.saturating_mul(self.options.batch) >= self.end
    }

    /// Begins the batch `state.number`, or, where the share has nothing of it, the first after it that it has a part of.
    fn begin_batch(&self, state: &mut State) {
        while !self.is_past_end(state.number) {
            let positions = self.positions(state.number);
            let missing = positions.len();
            let faults = (0..missing).map(|_| None).collect();
            let images = Arc::new(Mutex::new(Vec::new()));
            state.begun.push_back(Filling { images, faults, missing });
            if missing > 0 {
                state.next = positions.start;
                break;
            }
            state.number += 1;
        }
    }

    /// Claims the next sample to load; waits while enough batches are ahead. None when nothing is left to do.
    pub(super) fn claim(&self) -> Option<Claim> {
        let has_ended = |state: &State| state.stopped || state.failure.is_some() || self.is_past_end(state.number);
        let must_wait = |state: &mut State| !has_ended(state) && state.number >= state.front + self.options.ahead;
        let mut state = self.work.wait_while(self.lock(), must_wait).unwrap_or_else(PoisonError::into_inner);
        if has_ended(&state) {
            return None;
        }
        let (positions, position) = (self.positions(state.number), state.next);
        let slot = position - positions.start;
        // The last position claimed belongs to the last batch begun.
        let images = Arc::clone(&state.begun.back()?.images);
        if slot == 0 {
            *images.lock().unwrap_or_else(PoisonError::into_inner) = vec![0.0; positions.len() * self.floats];
        }
        state.next += 1;
        state.in_work.insert(position);
        if state.next == positions.end {
            state.number += 1;
            self.begin_batch(&mut state);
        }
        Some(Claim { position, slot, images })
    }

    /// Returns a claimed sample: its floats, or why there are none.
    pub(super) fn finish(&self, claim: Claim, loaded: Result<&[f32], Error>) {
        let Claim { position, slot, images } = claim;
        let fault = match loaded {
            Ok(floats) => {
                // Copies outside the queue's lock, which all threads share; this lock is the batch's.
                let mut images = images.lock().unwrap_or_else(PoisonError::into_inner);
                images[slot * floats.len()..][..floats.len()].copy_from_slice(floats);
                None
            }
            Err(error) => Some(error),
        };
        drop(images);
        let mut state = self.lock();
        state.in_work.remove(&position);
        match fault {
            Some(error) if self.options.on_bad_image == OnBadImage::Fail || !error.is_bad_file() => {
                let since = state.failure.as_ref().map_or_else(Instant::now, |(.., since)| *since);
                if state.failure.as_ref().is_none_or(|(first, ..)| position < *first) {
                    state.failure = Some((position, error, since));
                }
                self.work.notify_all();
            }
            fault => {
                let at = position / self.options.batch - state.front;
                let filling = &mut state.begun[at];
                filling.faults[slot] = fault;
                filling.missing -= 1;
            }
        }
        self.ready.notify_one();
    }

    /// Takes the next batch, or the error that ends the epoch; waits for either. None after the last.
    pub(super) fn take(&self) -> Option<Result<Filled, Error>> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            let failed = state.failure.as_ref().map(|(position, _, since)| (*position, since.elapsed()));
            if let Some((position, waited)) = failed {
                // A file before it in the order may be bad as well, and would be the one to name.
                let is_first = state.in_work.first().is_none_or(|earliest| *earliest > position);
                if is_first || waited >= PATIENCE {
                    state.stopped = true;
                    return state.failure.take().map(|(_, error, _)| Err(error));
                }
                let woken = self.ready.wait_timeout(state, PATIENCE - waited);
                state = woken.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            } else if state.begun.front().is_some_and(|filling| filling.missing == 0) {
                let Filling { images, faults, .. } = state.begun.pop_front()?;
                let number = state.front;
                state.front += 1;
                self.work.notify_all();
                drop(state);
                let images = std::mem::take(&mut *images.lock().unwrap_or_else(PoisonError::into_inner));
                return Some(Ok(Filled { number, first: self.positions(number).start, images, faults }));
            } else if self.is_past_end(state.number) && state.begun.is_empty() {
                return None;
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the epoch: the threads finish their current samples, and no more.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.work.notify_all();
    }

    /// A panic elsewhere leaves the state valid: no step that changes it can panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
