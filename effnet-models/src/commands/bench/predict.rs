//! `effnet bench --predict`: what a run takes on more threads than were timed, by the jobs that it gives its pool.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use effnet_runtime::threads::{Pool, Trace, trace};
use serde::Serialize;

/// Jobs without work that the cost of a job is measured on.
const EMPTY_JOBS: usize = 2000;

/// Places in the source that the table of losses names.
const PLACES: usize = 8;

/// A run's time by the trace of one on a single thread, whose jobs are replayed on virtual workers.
#[derive(Serialize)]
pub(super) struct Prediction {
    /// The run on one thread.
    work_ms: f64,
    /// The part of it that no job shares.
    alone_ms: f64,
    /// The time on threads without end: that part, and the longest task of every job.
    span_ms: f64,
    jobs: usize,
    /// What a job costs beside its tasks, measured on two threads.
    job_us: f64,
    /// The time on the threads that were timed, as predicted and as measured.
    predicted_ms: f64,
    measured_ms: f64,
    threads: Vec<OnThreads>,
    /// Where the time goes that most threads lose, the largest loss first.
    losses: Vec<Loss>,
}

#[derive(Serialize)]
struct OnThreads {
    threads: usize,
    ms: f64,
    /// By work and span: no order of the tasks takes less.
    least_ms: f64,
    /// How many times as fast as one thread.
    speed_up: f64,
}

/// What threads that wait lose, for all jobs that a place in the source gives.
#[derive(Clone, Serialize)]
struct Loss {
    by: String,
    jobs: usize,
    /// Tasks of its smallest job.
    tasks: usize,
    /// Share of the run on one thread.
    share: f64,
    /// Time in front of them in which one thread works alone.
    alone_ms: f64,
    /// That time, and how much longer the jobs take than an equal part of the work for each thread.
    ms: f64,
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The time of a job whose two tasks wait for each other: until a second thread has found it, and the first that it is done.
fn cost_of_a_job() -> Duration {
    let pool = Pool::new(2);
    let run = || {
        let (begun, begin) = (AtomicUsize::new(0), Instant::now());
        pool.for_each(pool.threads(), |_| {
            begun.fetch_add(1, Ordering::Relaxed);
            while begun.load(Ordering::Relaxed) < pool.threads() {
                std::hint::spin_loop();
            }
        });
        begin.elapsed()
    };
    // Other programs can only make it longer.
    (0..EMPTY_JOBS).map(|_| run()).min().unwrap_or_default()
}

impl Prediction {
    /// Traces `runs` runs, and predicts the times on up to `most` threads. `timed` are the threads of a measurement, and its
    /// milliseconds.
    pub(super) fn of(
        mut run: impl FnMut(u64) -> Result<()>,
        runs: u32,
        most: usize,
        timed: (usize, f64),
    ) -> Result<Self> {
        let mut traces = Vec::new();
        for number in 0..u64::from(runs) {
            let (done, trace) = trace(|| run(number));
            done?;
            traces.push(trace);
        }
        let Some(trace) = Trace::median(&traces) else {
            bail!("the runs gave their threads different jobs, so that none of them says what the next would take")
        };
        Ok(Self::by(&trace, cost_of_a_job(), most, timed))
    }

    fn by(trace: &Trace, job: Duration, most: usize, (timed, measured_ms): (usize, f64)) -> Self {
        let work_ms = ms(trace.work());
        let mut counts: Vec<usize> = (0..).map(|power| 1 << power).take_while(|threads| *threads < most).collect();
        counts.extend([most, timed]);
        counts.sort_unstable();
        counts.dedup();
        let on = |threads| {
            let (time, (least, _)) = (ms(trace.replay(threads, job)), trace.bounds(threads));
            OnThreads { threads, ms: time, least_ms: ms(least), speed_up: work_ms / time }
        };
        Self {
            work_ms,
            alone_ms: ms(trace.alone()),
            span_ms: ms(trace.span()),
            jobs: trace.jobs.len(),
            job_us: job.as_secs_f64() * 1e6,
            predicted_ms: ms(trace.replay(timed, job)),
            measured_ms,
            threads: counts.into_iter().map(on).collect(),
            losses: losses(trace, most),
        }
    }

    pub(super) fn to_text(&self) -> String {
        let Self { work_ms, alone_ms, span_ms, jobs, job_us, predicted_ms, measured_ms, .. } = self;
        let mut text = format!(
            "one thread: {work_ms:.2} ms, of which {alone_ms:.2} ms lie outside of {jobs} jobs; threads without end: \
             {span_ms:.2} ms; a job costs {job_us:.1} µs\n\
             predicted for the threads that were timed: {predicted_ms:.2} ms, {:.3} of what was measured\n\n\
             threads        ms  at least  times as fast",
            predicted_ms / measured_ms
        );
        for OnThreads { threads, ms, least_ms, speed_up } in &self.threads {
            let _ = write!(text, "\n{threads:7} {ms:9.2} {least_ms:9.2} {speed_up:14.2}");
        }
        let most = self.threads.last().map_or(1, |on| on.threads);
        let _ =
            write!(text, "\n\n{:<56} jobs  tasks   share  ms lost  of them alone", format!("lost on {most} threads"));
        for Loss { by, jobs, tasks, share, alone_ms, ms } in &self.losses {
            let _ = write!(text, "\n{by:<56} {jobs:4} {tasks:6} {:6.1}% {ms:8.2} {alone_ms:14.2}", 100.0 * share);
        }
        text + "\n\ncaches and memory are taken to serve so many threads as well as one"
    }
}

fn losses(trace: &Trace, threads: usize) -> Vec<Loss> {
    let mut places = BTreeMap::<_, Loss>::new();
    for job in &trace.jobs {
        let by = format!("{}:{}", job.by.file(), job.by.line());
        let none = Loss { by: by.clone(), jobs: 0, tasks: usize::MAX, share: 0.0, alone_ms: 0.0, ms: 0.0 };
        let loss = places.entry(by).or_insert(none);
        loss.jobs += 1;
        loss.tasks = loss.tasks.min(job.tasks.len());
        loss.share += job.work().as_secs_f64() / trace.work().as_secs_f64();
        loss.alone_ms += ms(job.alone);
        loss.ms += ms(job.alone) + ms(job.replay(threads)) - ms(job.work()) / threads as f64;
    }
    let mut losses: Vec<Loss> = places.into_values().collect();
    losses.sort_by(|one, other| other.ms.total_cmp(&one.ms));
    losses.truncate(PLACES);
    losses
}
