//! A trace on virtual workers: how long it would take on so many threads.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::claims::share;
use super::trace::{Job, Trace};

impl Job {
    /// The time that `threads` workers take which claim tasks as a pool's do: each its own share first, then what is left of
    /// the others'. Nothing else is taken into account: no claim costs time, and caches and memory keep up.
    pub fn replay(&self, threads: usize) -> Duration {
        let threads = threads.max(1);
        let mut left: Vec<_> = (0..threads).map(|owner| share(owner, threads, self.tasks.len())).collect();
        let mut free: BinaryHeap<_> = (0..threads).map(|worker| Reverse((Duration::ZERO, worker, worker))).collect();
        let mut end = Duration::ZERO;
        while let Some(Reverse((now, worker, mut from))) = free.pop() {
            end = end.max(now);
            let task = loop {
                if let Some(task) = left[from].next() {
                    break Some(task);
                }
                from = (from + 1) % threads;
                if from == worker {
                    break None;
                }
            };
            if let Some(task) = task {
                free.push(Reverse((now + self.tasks[task], worker, from)));
            }
        }
        end
    }

    /// The least and the most that any order of the tasks takes on `threads` threads of which none is idle while a task is
    /// left (Graham 1969): `max(work / threads, span)` and `span + (work - span) / threads`.
    pub fn bounds(&self, threads: usize) -> (Duration, Duration) {
        let (work, span, threads) = (self.work(), self.span(), threads.max(1));
        let others = (work - span).as_nanos().div_ceil(threads as u128);
        ((work / threads as u32).max(span), span + Duration::from_nanos(others as u64))
    }
}

impl Trace {
    /// The time on `threads` threads, by [`Job::replay`]; each job of several tasks costs `job` beside its tasks, once there are
    /// several threads.
    pub fn replay(&self, threads: usize, job: Duration) -> Duration {
        let shared = self.jobs.iter().filter(|job| threads > 1 && job.tasks.len() > 1).count() as u32;
        self.alone() + self.jobs.iter().map(|job| job.replay(threads)).sum::<Duration>() + shared * job
    }

    /// The least and the most time on `threads` threads, by [`Job::bounds`].
    pub fn bounds(&self, threads: usize) -> (Duration, Duration) {
        let bounds = self.jobs.iter().map(|job| job.bounds(threads));
        let add = |(least, most), (of_job, most_of_job)| (least + of_job, most + most_of_job);
        bounds.fold((self.alone(), self.alone()), add)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, Location, catch_unwind};
    use std::sync::Mutex;

    use effnet_guard::cut_for_miri;

    use super::super::{Pool, trace};
    use super::*;

    /// A job of tasks of so many milliseconds.
    fn job(tasks: &[u64]) -> Job {
        let tasks = tasks.iter().copied().map(Duration::from_millis).collect();
        Job { by: Location::caller(), alone: Duration::ZERO, tasks }
    }

    /// Milliseconds on so many threads.
    fn replayed(tasks: &[u64], threads: usize) -> u128 {
        job(tasks).replay(threads).as_millis()
    }

    #[test]
    fn workers_take_their_share_and_then_what_is_left() {
        assert_eq!(replayed(&[], 3), 0);
        assert_eq!(replayed(&[1, 1, 1, 1], 1), 4);
        assert_eq!(replayed(&[1, 1, 1, 1], 2), 2);
        assert_eq!(replayed(&[1, 1, 1, 1], 8), 1);
        // The second has the long task at the end of its share.
        assert_eq!(replayed(&[1, 1, 1, 5], 2), 6);
        // The second is done at 2, and takes the last of the first's share.
        assert_eq!(replayed(&[5, 1, 1, 1], 2), 5);
        assert_eq!(replayed(&[2, 2, 2, 1, 1, 1], 2), 5);
    }

    #[test]
    fn no_schedule_is_out_of_bounds() {
        let mut state = 1_u64;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..cut_for_miri(500, 10) {
            let count = draw(40);
            let tasks: Vec<u64> = (0..count).map(|_| 1 + draw(20)).collect();
            let job = job(&tasks);
            assert_eq!(job.replay(1), job.work());
            for threads in [1, 2, 3, 7, 64] {
                let ((least, most), found) = (job.bounds(threads), job.replay(threads));
                assert!(least <= found && found <= most, "{tasks:?} on {threads}: {least:?} {found:?} {most:?}");
            }
        }
    }

    #[test]
    fn a_trace_has_the_jobs_of_its_thread_and_the_order_of_their_tasks() {
        let pool = Pool::new(2);
        let order = Mutex::new(Vec::new());
        let ((), trace) = trace(|| {
            pool.for_each(3, |at| {
                pool.for_each(2, |below| order.lock().unwrap().push(2 * at + below));
            });
            let mut data = [0; 10];
            pool.for_each_chunk(&mut data, 4, |at, chunk| chunk.fill(at));
            assert_eq!(data, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
            std::thread::scope(|scope| scope.spawn(|| pool.for_each(9, |_| ())).join().unwrap());
        });
        assert_eq!(order.into_inner().unwrap(), [0, 1, 2, 3, 4, 5]);
        let tasks: Vec<_> = trace.jobs.iter().map(|job| job.tasks.len()).collect();
        assert_eq!(tasks, [3, 3]);
        assert!(trace.jobs.iter().all(|job| job.by.file().ends_with("replay.rs")), "{trace:?}");
        assert!(trace.work() >= trace.span() && trace.span() >= trace.alone());
        assert_eq!(trace.replay(1, Duration::from_secs(1)), trace.work());
        // Both jobs have several tasks.
        assert!(trace.replay(2, Duration::from_secs(1)) > Duration::from_secs(2));
        // The trace is over: the pool's threads share what follows.
        pool.for_each(1, |_| ());
    }

    #[test]
    fn a_median_is_of_each_time_and_of_equal_jobs_alone() {
        let by = Location::caller();
        let run = |times: [u64; 4]| {
            let [alone, one, other, rest] = times.map(Duration::from_millis);
            Trace { jobs: vec![Job { by, alone, tasks: vec![one, other] }], rest }
        };
        let runs = [run([1, 20, 3, 7]), run([2, 10, 900, 8]), run([900, 30, 2, 9])];
        let found = Trace::median(&runs).unwrap();
        assert_eq!((found.work(), found.span()), (run([2, 20, 3, 8]).work(), run([2, 20, 3, 8]).span()));
        let mut other = run([1, 2, 3, 4]);
        other.jobs[0].tasks.pop();
        assert!(Trace::median(&[run([1, 2, 3, 4]), other]).is_none());
        assert!(Trace::median(&[]).is_none());
    }

    /// A panic ends a trace as it ends the job.
    #[test]
    fn a_panic_within_a_trace_leaves_none() {
        let pool = Pool::new(2);
        let caught = catch_unwind(AssertUnwindSafe(|| trace(|| pool.for_each(3, |at| assert_ne!(at, 1)))));
        assert!(caught.is_err());
        let both = std::sync::Barrier::new(2);
        // Two tasks that wait for each other need both threads.
        pool.for_each(2, |_| {
            both.wait();
        });
    }

    /// Tasks that sleep take no core: a pool of more threads than the machine has cores does them as virtual workers do.
    #[test]
    #[cfg_attr(miri, ignore = "Miri's clock is virtual")]
    fn a_pool_takes_as_long_as_its_replay() {
        let tasks = [9, 3, 1, 12, 7, 2, 2, 5, 8, 1, 4, 6, 10, 3, 3, 2];
        let (expected, (least, _)) = (job(&tasks).replay(4), job(&tasks).bounds(4));
        let pool = Pool::new(4);
        let run = || {
            let begin = std::time::Instant::now();
            pool.for_each(tasks.len(), |at| std::thread::sleep(Duration::from_millis(tasks[at])));
            begin.elapsed()
        };
        // On a busy machine a worker wakes late.
        let found = (0..10).map(|_| run()).min().unwrap();
        assert!(found >= least && found <= expected.mul_f64(1.25), "{found:?}, and {expected:?} was expected");
    }
}
