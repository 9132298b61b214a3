//! Models of the pool, run by loom in every order of its threads that a bound on preemptions allows.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use loom::cell::UnsafeCell;

use crate::threads::Pool;

/// Memory of a job, of which each task writes a place of its own. loom notices any access that another one races with.
struct Places(Vec<UnsafeCell<usize>>);

// SAFETY: the pool keeps a place's accesses apart, which is what loom checks here.
unsafe impl Sync for Places {}

impl Places {
    fn new(count: usize) -> Self {
        Self((0..count).map(|_| UnsafeCell::new(0)).collect())
    }

    fn read(&self, at: usize) -> usize {
        // SAFETY: as for `Sync`.
        self.0[at].with(|value| unsafe { *value })
    }

    fn write(&self, at: usize, value: usize) {
        // SAFETY: as for `Sync`.
        self.0[at].with_mut(|place| unsafe { *place = value });
    }
}

fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 100_000;
    builder.check(model);
}

/// Two jobs, of which the second reads what other tasks of the first have written, and the end of the pool.
fn two_jobs(threads: usize, tasks: usize) {
    let (pool, places) = (Pool::new(threads), Places::new(2 * tasks));
    pool.for_each(tasks, |at| places.write(at, at + 1));
    pool.for_each(tasks, |at| places.write(tasks + at, 10 * places.read((at + 1) % tasks)));
    for at in 0..tasks {
        assert_eq!(places.read(tasks + at), 10 * ((at + 1) % tasks + 1));
    }
}

#[test]
fn two_threads_take_two_jobs() {
    check(2, || two_jobs(2, 2));
}

#[test]
fn three_threads_take_two_jobs() {
    check(1, || two_jobs(3, 2));
}

#[test]
fn a_panic_reaches_the_caller_and_the_next_job_runs() {
    fn is_thirteen(payload: &(dyn Any + Send)) -> bool {
        payload.downcast_ref::<usize>() == Some(&13)
    }
    check(2, || {
        let (pool, places) = (Pool::new(2), Places::new(2));
        let caught = catch_unwind(AssertUnwindSafe(|| {
            pool.for_each(2, |at| match at {
                0 => places.write(0, 7),
                // No hook prints it each time.
                _ => resume_unwind(Box::new(13_usize)),
            });
        }));
        let payload = caught.expect_err("a task panics");
        assert!(is_thirteen(payload.as_ref()), "another panic than the task's");
        pool.for_each(2, |at| places.write(at, at));
        assert_eq!((places.read(0), places.read(1)), (0, 1));
    });
}

#[test]
fn a_pool_ends_without_a_job() {
    check(2, || drop(Pool::new(3)));
}
