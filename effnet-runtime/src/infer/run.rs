//! The state that layers share while a session runs.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use effnet_kernels::buffer::Shared;
use effnet_kernels::narrow::narrow;
use effnet_kernels::simd::Level;
use effnet_kernels::threads::Pool;

use super::profile::{Kind, Place, Span};

/// Floats that a task narrows.
const NARROWED: usize = 1 << 14;

/// A session's run: its threads, their scratch memory, and the clock.
pub(super) struct Run<'a> {
    pub level: Level,
    pub pool: &'a Pool,
    /// Scratch memory, `scratch_size` floats for each thread.
    pub scratch: Shared<'a>,
    pub scratch_size: usize,
    /// Images.
    pub batch: usize,
    /// A span for each job, if times are wanted.
    pub spans: Option<&'a Mutex<Vec<Span>>>,
    /// The part that runs.
    pub place: Place,
}

impl Run<'_> {
    /// Runs tasks on the pool, each with scratch memory of its thread. `macs` are those of all tasks.
    pub(super) fn for_each(&self, kind: Kind, macs: usize, tasks: usize, task: impl Fn(usize, &mut [f32]) + Sync) {
        self.timed(kind, macs, || {
            self.pool.for_each_on(tasks, |worker, at| {
                // SAFETY: no two tasks run with the same worker's number at the same time.
                let scratch = unsafe { self.scratch.part(worker * self.scratch_size, self.scratch_size) };
                task(at, scratch);
            });
        });
    }

    /// Narrows the floats of maps, an even number of them.
    pub(super) fn narrow(&self, from: &[f32], to: &mut [f32]) {
        let to = Shared::new(to);
        self.for_each(Kind::Narrow, 0, from.len().div_ceil(NARROWED), |task, _| {
            let from = &from[task * NARROWED..from.len().min((task + 1) * NARROWED)];
            // SAFETY: each task has floats of its own.
            narrow(self.level, from, unsafe { to.part(task * NARROWED / 2, from.len() / 2) });
        });
    }

    /// Runs something on the calling thread.
    pub(super) fn timed(&self, kind: Kind, macs: usize, work: impl FnOnce()) {
        let Some(spans) = self.spans else { return work() };
        let start = Instant::now();
        work();
        let seconds = start.elapsed().as_secs_f64();
        let mut spans = spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.push(Span { place: self.place, kind, macs: macs as u64, seconds });
    }
}
