//! The workers' claims to a job's tasks.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::sync::AtomicU64;

/// Bits of a claim that count tasks: what is left of 64 beside 40 of the job's number. Under Miri few, so that a test's job
/// can have more tasks than they count.
const TASK_BITS: u32 = if cfg!(miri) { 5 } else { 24 };

/// Most tasks of a job, and what a closed share has taken.
pub(super) const MOST_TASKS: usize = (1 << TASK_BITS) - 1;

/// The tasks of a job that are a worker's before those that others leave.
pub(super) fn share(owner: usize, workers: usize, tasks: usize) -> Range<usize> {
    owner * tasks / workers..(owner + 1) * tasks / workers
}

/// A value on cache lines of its own (CPUs fetch them in pairs): a line that two cores write travels between them each time,
/// there and back in 70 ns if they share a cache and in 350 if they do not.
#[repr(align(128))]
pub(super) struct Apart<T>(pub T);

/// How many tasks of one worker's share have been taken, in the lower [`TASK_BITS`], and above them the number of the job that
/// this is of: a share that still has another job's number is untouched, so that posting a job writes none of them.
pub(super) struct Claims(AtomicU64);

impl Claims {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Takes the next of a share's `length` tasks.
    pub(super) fn next(&self, job: u64, length: usize) -> Option<usize> {
        let mut found = self.0.load(Ordering::Relaxed);
        loop {
            let taken = if found >> TASK_BITS == job { found as usize & MOST_TASKS } else { 0 };
            if taken >= length {
                return None;
            }
            let claim = job << TASK_BITS | (taken as u64 + 1);
            match self.0.compare_exchange_weak(found, claim, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(taken),
                Err(other) => found = other,
            }
        }
    }

    /// Leaves nothing of a share.
    pub(super) fn close(&self, job: u64) {
        self.0.store(job << TASK_BITS | MOST_TASKS as u64, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_taken_once_a_job() {
        let claims = Claims::new();
        for job in [1, 3, 3 + (1 << 39)] {
            assert_eq!([(); 4].map(|()| claims.next(job, 3)), [Some(0), Some(1), Some(2), None]);
        }
        assert_eq!(claims.next(5, 0), None);
        assert_eq!(claims.next(5, 2), Some(0));
        claims.close(5);
        assert_eq!([claims.next(5, 2), claims.next(7, 2)], [None, Some(0)]);
    }
}
