//! The pool of compute threads.
//!
//! Work is cut by shape and never by the number of threads, and every task writes memory of its own: one thread and
//! many give the same bits. A pool is found where it is needed with [`current`]; a caller sizes the process's with
//! [`set_global`], or one computation's with [`Pool::install`].

mod claims;
mod replay;
mod sync;
#[cfg(all(test, not(loom)))]
mod tests;
mod trace;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize as Count, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use claims::{Apart, Claims, MOST_TASKS, share};
use sync::{
    AtomicBool, AtomicUsize, Builder, Condvar, INSIDE, JoinHandle, Mutex, MutexGuard, UnsafeCell, spin_loop, yield_now,
};
pub use trace::{Job, Trace, trace};

use crate::buffer;
use crate::environment::{self, BadVariable};

/// Environment variable that sizes the process's pool where nobody called [`set_global`]. A value that is no number from
/// 1 to [`MOST_THREADS`] has no effect but a warning.
pub const THREADS_VARIABLE: &str = "EFFNET_THREADS";

/// Most threads of a pool. Many more than a machine has cores only wait for each other, and some ten thousand use up what
/// a system has for their stacks.
pub const MOST_THREADS: usize = 1024;

/// How often a worker looks for the next job before it sleeps: some 50 µs, longer than the gap between two kernels of a
/// network. Longer still, and an idle pool takes time from others; shorter, and every kernel pays for waking a thread.
const SPINS: usize = match () {
    () if cfg!(loom) => 1,
    () if cfg!(miri) => 4,
    () => 4_000,
};

/// A job's task: a function of the worker's and the task's number.
type Task = *const (dyn Fn(usize, usize) + Sync);

/// The payload of a task's panic.
type Panic = Box<dyn Any + Send>;

/// The one job that a pool works on, and how far it has come. It lives as long as the pool: posting a job allocates
/// nothing.
struct Shared {
    /// Odd while a job is open. A worker may use `task` only after it has counted itself in `running` and then found the
    /// same odd number again: the caller first makes it even and then waits for `running` to be 0.
    epoch: Apart<AtomicUsize>,
    running: Apart<AtomicUsize>,
    /// The open job's task; its lifetime is erased.
    task: Apart<UnsafeCell<Task>>,
    tasks: AtomicUsize,
    /// The workers' claims. A worker's share is the same part of every job, so that a core finds what it wrote for the last
    /// job in its own cache. A worker that finishes its share steals from the others.
    claims: Vec<Apart<Claims>>,
    panic: Mutex<Option<Panic>>,
    /// Workers that wait for `wake`, each under `closed`'s lock from before it counts itself until it waits.
    sleepers: AtomicUsize,
    closed: Mutex<bool>,
    wake: Condvar,
}

// SAFETY: `task` is written while no job is open and no worker runs, and read as `epoch` says; it points to a `Sync`
// closure that outlives every use of the job. The rest is `Send` and `Sync` by itself.
unsafe impl Send for Shared {}
// SAFETY: as for `Send`.
unsafe impl Sync for Shared {}

impl Shared {
    fn new(threads: usize) -> Self {
        let nothing: &'static (dyn Fn(usize, usize) + Sync) = &|_, _| ();
        Self {
            epoch: Apart(AtomicUsize::new(0)),
            running: Apart(AtomicUsize::new(0)),
            task: Apart(UnsafeCell::new(nothing)),
            tasks: AtomicUsize::new(0),
            claims: (0..threads).map(|_| Apart(Claims::new())).collect(),
            panic: Mutex::new(None),
            sleepers: AtomicUsize::new(0),
            closed: Mutex::new(false),
            wake: Condvar::new(),
        }
    }

    /// Takes tasks of the job of this epoch until none are left.
    ///
    /// # Safety
    /// The job must be open and stay so, or the caller have been counted in `running` while it was, until this returns.
    unsafe fn work(&self, worker: usize, epoch: usize) {
        let tasks = self.tasks.load(Ordering::Relaxed);
        let job = epoch as u64 % (1 << 40);
        // SAFETY: nobody writes it while the job is open, and the closure outlives the job's use: the caller's promise keeps
        // it open.
        let task = self.task.0.with(|task| unsafe { &**task });
        let shares = self.claims.len();
        for owner in (worker..shares).chain(0..worker) {
            let share = share(owner, shares, tasks);
            while let Some(at) = self.claims[owner].0.next(job, share.len()) {
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| task(worker, share.start + at))) {
                    self.claims.iter().for_each(|claims| claims.0.close(job));
                    let mut first = lock(&self.panic);
                    match *first {
                        None => *first = Some(panic),
                        // Dropping a payload may panic, and nothing may unwind out of an open job.
                        Some(_) => std::mem::forget(panic),
                    }
                }
            }
        }
    }

    /// Whether there is a job that a worker has not seen yet.
    fn has_news(&self, seen: usize) -> bool {
        let epoch = self.epoch.0.load(Ordering::SeqCst);
        epoch % 2 == 1 && epoch != seen
    }
}

/// Threads that share the tasks of a kernel. The caller of [`Pool::for_each`] is one of them.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    busy: AtomicBool,
}

thread_local! {
    static INSTALLED: RefCell<Option<Arc<Pool>>> = const { RefCell::new(None) };
}

/// Keeps what the calling thread gives a pool on that thread, for as long as it works on a task.
struct Inside;

impl Inside {
    fn enter() -> Self {
        INSIDE.with(|inside| inside.set(true));
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.with(|inside| inside.set(false));
    }
}

static GLOBAL: OnceLock<RwLock<Arc<Pool>>> = OnceLock::new();

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn global() -> &'static RwLock<Arc<Pool>> {
    GLOBAL.get_or_init(|| {
        let asked = environment::or_warn(asked());
        RwLock::new(Arc::new(Pool::new(asked.unwrap_or_else(cores))))
    })
}

/// How many threads [`THREADS_VARIABLE`] asks for; none where it is not set.
///
/// # Errors
/// When its value is no number from 1 to [`MOST_THREADS`].
pub fn asked() -> Result<Option<usize>, BadVariable> {
    let legal = || format!("a number of threads from 1 to {MOST_THREADS}");
    environment::read(THREADS_VARIABLE, legal, |value| {
        value.parse().ok().filter(|threads| (1..=MOST_THREADS).contains(threads))
    })
}

/// This process's share of the machine's cores, where it has one; 0 where it has the machine to itself.
static SHARE: Count = Count::new(0);

/// The cores that this process may use, or as many of them as a pool may have threads: those of the machine that it may run
/// on, or its [share](share_cores) of them.
pub fn cores() -> usize {
    let all = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_THREADS));
    match SHARE.load(Ordering::Relaxed) {
        0 => all,
        share => all.min(share),
    }
}

/// Leaves the other cores to other processes of the same program: [`cores`] is at most `share` from now on.
pub fn share_cores(share: usize) {
    SHARE.store(share.max(1), Ordering::Relaxed);
}

/// Sizes the pool of the process: all threads use it that have not installed another.
pub fn set_global(threads: usize) {
    let pool = Arc::new(Pool::new(threads));
    if GLOBAL.set(RwLock::new(Arc::clone(&pool))).is_err() {
        *global().write().unwrap_or_else(PoisonError::into_inner) = pool;
    }
}

/// The pool that kernels of the calling thread use.
pub fn current() -> Arc<Pool> {
    INSTALLED
        .with_borrow(Clone::clone)
        .unwrap_or_else(|| global().read().unwrap_or_else(PoisonError::into_inner).clone())
}

impl Pool {
    /// A pool of `threads` threads, the caller of its methods counted; 0 is taken as 1, and more than [`MOST_THREADS`] as
    /// these. It has fewer where the system refuses to start so many, which is reported through `tracing`: half of what
    /// there would be room for, as others need threads too.
    pub fn new(threads: usize) -> Self {
        let threads = threads.clamp(1, MOST_THREADS);
        let shared = Arc::new(Shared::new(threads));
        let spawn = |index| {
            let shared = shared.clone();
            Builder::new().name(format!("effnet-{index}")).spawn(move || serve(&shared, index))
        };
        let workers = Vec::with_capacity(threads - 1);
        let mut pool = Self { shared: shared.clone(), workers, busy: AtomicBool::new(false) };
        for index in 1..threads {
            match spawn(index) {
                Ok(worker) => pool.workers.push(worker),
                Err(error) => {
                    tracing::warn!("the system starts only {index} of {threads} compute threads: {error}");
                    drop(pool);
                    return Self::new(index / 2);
                }
            }
        }
        pool
    }

    /// How many threads share a job, the caller counted.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `f` with this pool as the calling thread's [`current`] one.
    pub fn install<R>(self: &Arc<Self>, f: impl FnOnce() -> R) -> R {
        struct Restore(Option<Arc<Pool>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                INSTALLED.set(self.0.take());
            }
        }
        let _restore = Restore(INSTALLED.replace(Some(self.clone())));
        f()
    }

    /// Calls `task` once with every number of `0..tasks`, in any order and on any thread, and returns when all are done.
    /// A call from within a task, or while another thread uses the pool, runs on the calling thread alone.
    ///
    /// # Panics
    /// When a task does, with its payload.
    #[track_caller]
    pub fn for_each(&self, tasks: usize, task: impl Fn(usize) + Sync) {
        self.for_each_on(tasks, |_, at| task(at));
    }

    /// [`Pool::for_each`] with the number of the thread that a task runs on, below [`Pool::threads`], before that of
    /// the task: no two tasks of a call run with the same one at the same time.
    ///
    /// # Panics
    /// When a task does, with its payload.
    #[track_caller]
    pub fn for_each_on(&self, tasks: usize, task: impl Fn(usize, usize) + Sync) {
        if trace::is_kept() && !INSIDE.with(Cell::get) {
            let _inside = Inside::enter();
            return trace::note(Location::caller(), tasks, |at| task(0, at));
        }
        let alone = tasks <= 1 || self.workers.is_empty() || INSIDE.with(Cell::get);
        if alone || self.busy.swap(true, Ordering::Acquire) {
            return (0..tasks).for_each(|at| task(0, at));
        }
        let panic = (0..tasks)
            .step_by(MOST_TASKS)
            .find_map(|first| self.post((tasks - first).min(MOST_TASKS), &|worker, at| task(worker, first + at)));
        self.busy.store(false, Ordering::Release);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Opens a job of at most [`MOST_TASKS`] tasks, helps with it, and closes it; gives a task's panic. The caller has made
    /// the pool `busy`.
    fn post(&self, tasks: usize, task: &(dyn Fn(usize, usize) + Sync)) -> Option<Panic> {
        // SAFETY: only the lifetime changes. The job's last use is over when this function returns: it closes the job, and
        // then waits until no worker runs it.
        let task: &'static (dyn Fn(usize, usize) + Sync) = unsafe { std::mem::transmute(task) };
        let shared = &*self.shared;
        // SAFETY: no job is open and no worker runs: `busy` keeps other callers out, and the last one waited.
        shared.task.0.with_mut(|own| unsafe { *own = task });
        shared.tasks.store(tasks, Ordering::Relaxed);
        let epoch = shared.epoch.0.fetch_add(1, Ordering::SeqCst) + 1;
        if shared.sleepers.load(Ordering::SeqCst) > 0 {
            drop(lock(&shared.closed));
            shared.wake.notify_all();
        }

        let inside = Inside::enter();
        // SAFETY: the job is open.
        unsafe { shared.work(0, epoch) };
        drop(inside);

        shared.epoch.0.fetch_add(1, Ordering::SeqCst);
        let mut spins = 0;
        while shared.running.0.load(Ordering::SeqCst) > 0 {
            spins += 1;
            if spins < SPINS { spin_loop() } else { yield_now() }
        }
        lock(&shared.panic).take()
    }

    /// Cuts `data` into chunks of `length` (the last may be shorter) and calls `task` with each one's number and itself.
    ///
    /// # Panics
    /// When `length` is 0 and `data` is not empty, or a task panics.
    #[track_caller]
    pub fn for_each_chunk<T: Send>(&self, data: &mut [T], length: usize, task: impl Fn(usize, &mut [T]) + Sync) {
        self.for_each_chunk_pair(data, length, &mut [(); 0], 0, |at, chunk, _| task(at, chunk));
    }

    /// [`Pool::for_each_chunk`] over two slices that are cut alike: chunk `i` of the one goes with chunk `i` of the
    /// other. Where the second ends earlier, its chunks are empty.
    ///
    /// # Panics
    /// When `length` is 0 and `data` is not empty, or a task panics.
    #[track_caller]
    pub fn for_each_chunk_pair<T: Send, U: Send>(
        &self,
        data: &mut [T],
        length: usize,
        other: &mut [U],
        other_length: usize,
        task: impl Fn(usize, &mut [T], &mut [U]) + Sync,
    ) {
        let tasks = if data.is_empty() { 0 } else { data.len().div_ceil(length) };
        let (data, other) = (buffer::Shared::new(data), buffer::Shared::new(other));
        self.for_each(tasks, |at| {
            // SAFETY: `for_each` calls with every number once, so no two tasks get the same chunk of either slice, and
            // the slices are borrowed mutably until all tasks are done.
            let (chunk, other) = unsafe { (data.chunk(at, length), other.chunk(at, other_length)) };
            task(at, chunk, other);
        });
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        *lock(&self.shared.closed) = true;
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // Tasks' panics are caught in `Shared::work`: a worker itself has nothing to panic with.
            let _ = worker.join();
        }
    }
}

/// A worker: waits for jobs, first spinning, then asleep.
fn serve(shared: &Shared, worker: usize) {
    INSIDE.with(|inside| inside.set(true));
    let mut seen = 0;
    loop {
        let mut spins = 0;
        while !shared.has_news(seen) && spins < SPINS {
            spins += 1;
            spin_loop();
        }
        if !shared.has_news(seen) {
            let mut closed = lock(&shared.closed);
            shared.sleepers.fetch_add(1, Ordering::SeqCst);
            while !shared.has_news(seen) && !*closed {
                closed = shared.wake.wait(closed).unwrap_or_else(PoisonError::into_inner);
            }
            shared.sleepers.fetch_sub(1, Ordering::SeqCst);
            if *closed {
                return;
            }
        }
        let epoch = shared.epoch.0.load(Ordering::SeqCst);
        shared.running.0.fetch_add(1, Ordering::SeqCst);
        if epoch % 2 == 1 && shared.epoch.0.load(Ordering::SeqCst) == epoch {
            // SAFETY: this thread was counted while the job was open.
            unsafe { shared.work(worker, epoch) };
            seen = epoch;
        }
        shared.running.0.fetch_sub(1, Ordering::SeqCst);
    }
}
