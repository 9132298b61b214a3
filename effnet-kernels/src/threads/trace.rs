//! Traces: the jobs that a thread gives its pool, and how long their tasks take on one thread.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::time::{Duration, Instant};

/// A job of a pool.
#[derive(Clone, Debug)]
pub struct Job {
    /// The line that gave it.
    pub by: &'static Location<'static>,
    /// What the thread did by itself since the job before it.
    pub alone: Duration,
    /// The time of each task.
    pub tasks: Vec<Duration>,
}

impl Job {
    /// The time of all tasks together.
    pub fn work(&self) -> Duration {
        self.tasks.iter().sum()
    }

    /// The longest task: no number of threads does the job in less.
    pub fn span(&self) -> Duration {
        self.tasks.iter().max().copied().unwrap_or_default()
    }
}

/// The jobs of some work, in their order.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The jobs.
    pub jobs: Vec<Job>,
    /// What the thread did by itself after the last one.
    pub rest: Duration,
}

impl Trace {
    /// The median of each time over several runs of the same work: other programs make a task of one run long, and another's
    /// in the next. None where the runs have different jobs, and where there are none.
    pub fn median(runs: &[Self]) -> Option<Self> {
        let mut median = runs.first()?.clone();
        let shape = |run: &Self| run.jobs.iter().map(|job| (job.by, job.tasks.len())).collect::<Vec<_>>();
        if runs.iter().any(|run| shape(run) != shape(&median)) {
            return None;
        }
        let of = |time: &dyn Fn(&Self) -> Duration| {
            let mut times: Vec<_> = runs.iter().map(time).collect();
            times.sort_unstable();
            times[times.len() / 2]
        };
        for (at, job) in median.jobs.iter_mut().enumerate() {
            job.alone = of(&|run| run.jobs[at].alone);
            job.tasks.iter_mut().enumerate().for_each(|(task, time)| *time = of(&|run| run.jobs[at].tasks[task]));
        }
        median.rest = of(&|run| run.rest);
        Some(median)
    }

    /// The time on one thread.
    pub fn work(&self) -> Duration {
        self.alone() + self.jobs.iter().map(Job::work).sum::<Duration>()
    }

    /// The time that no number of threads makes shorter.
    pub fn span(&self) -> Duration {
        self.alone() + self.jobs.iter().map(Job::span).sum::<Duration>()
    }

    /// The time outside of jobs.
    pub fn alone(&self) -> Duration {
        self.rest + self.jobs.iter().map(|job| job.alone).sum::<Duration>()
    }
}

struct Tracer {
    jobs: Vec<Job>,
    /// The end of the last job.
    since: Instant,
}

thread_local! {
    static TRACER: RefCell<Option<Tracer>> = const { RefCell::new(None) };
    static IS_KEPT: Cell<bool> = const { Cell::new(false) };
}

/// Does some work on the calling thread alone, and gives the jobs that it hands to pools. Jobs within a task count as the
/// task's work.
pub fn trace<R>(work: impl FnOnce() -> R) -> (R, Trace) {
    struct Restore(Option<Tracer>, bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            TRACER.set(self.0.take());
            IS_KEPT.set(self.1);
        }
    }
    let tracer = Tracer { jobs: Vec::new(), since: Instant::now() };
    let _restore = Restore(TRACER.replace(Some(tracer)), IS_KEPT.replace(true));
    let result = work();
    let end = Instant::now();
    let trace = TRACER.take().map(|Tracer { jobs, since }| Trace { jobs, rest: end - since });
    (result, trace.unwrap_or_default())
}

/// Whether the calling thread keeps a trace.
pub(super) fn is_kept() -> bool {
    IS_KEPT.get()
}

/// Runs a job's tasks one after the other, and notes it.
pub(super) fn note(by: &'static Location<'static>, tasks: usize, task: impl Fn(usize)) {
    let begin = Instant::now();
    let mut last = begin;
    let run = |at| {
        task(at);
        let now = Instant::now();
        now - std::mem::replace(&mut last, now)
    };
    let tasks = (0..tasks).map(run).collect();
    TRACER.with_borrow_mut(|tracer| {
        if let Some(Tracer { jobs, since }) = tracer {
            jobs.push(Job { by, alone: begin - *since, tasks });
            *since = Instant::now();
        }
    });
}
