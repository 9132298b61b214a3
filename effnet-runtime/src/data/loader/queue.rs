use std::collections::{BTreeSet, VecDeque};
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
    /// The position to hand out next.
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
        let state = State {
            next: options.skip_batches.saturating_mul(options.batch),
            front: options.skip_batches,
            ..State::default()
        };
        let end = samples.min(options.batches(samples).saturating_mul(options.batch));
        let (options, state) = (options.clone(), Mutex::new(state));
        Self { options, end, floats, state, work: Condvar::new(), ready: Condvar::new() }
    }

    /// Claims the next sample to load; waits while enough batches are ahead. None when nothing is left to do.
    pub(super) fn claim(&self) -> Option<Claim> {
        let Self { options: LoaderOptions { batch, ahead, .. }, end, floats, .. } = self;
        let has_ended = |state: &State| state.stopped || state.failure.is_some() || state.next >= *end;
        let must_wait = |state: &mut State| !has_ended(state) && state.next / batch >= state.front + ahead;
        let mut state = self.work.wait_while(self.lock(), must_wait).unwrap_or_else(PoisonError::into_inner);
        if has_ended(&state) {
            return None;
        }
        let position = state.next;
        let slot = position % *batch;
        if slot == 0 {
            let missing = (*batch).min(end - position);
            let faults = (0..missing).map(|_| None).collect();
            let images = Arc::new(Mutex::new(vec![0.0; missing * floats]));
            state.begun.push_back(Filling { images, faults, missing });
        }
        state.next += 1;
        state.in_work.insert(position);
        // The last position claimed belongs to the last batch begun.
        let images = Arc::clone(&state.begun.back()?.images);
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
                return Some(Ok(Filled { number, first: number * self.options.batch, images, faults }));
            } else if state.next >= self.end && state.begun.is_empty() {
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
