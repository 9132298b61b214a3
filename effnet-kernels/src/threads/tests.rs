use std::sync::Barrier;

use effnet_guard::cut_for_miri;

use super::*;

#[test]
fn every_task_runs_once_at_any_size_of_pool() {
    for threads in [1, 2, 3, 8] {
        let pool = Pool::new(threads);
        for round in 0..cut_for_miri(200, 12) {
            let counts: Vec<AtomicUsize> = (0..round).map(|_| AtomicUsize::new(0)).collect();
            pool.for_each(round, |at| {
                counts[at].fetch_add(1, Ordering::Relaxed);
            });
            assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1), "{threads} threads, {round}");
        }
    }
}

/// A pool of more threads than a machine takes neither panics nor hangs.
#[test]
fn a_pool_has_from_one_to_the_most_threads() {
    let pools = [(0, 1), (1, 1), (MOST_THREADS, MOST_THREADS), (99_999, MOST_THREADS)];
    // Miri would take hours for the most threads.
    for (asked, threads) in pools.into_iter().take(cut_for_miri(4, 2)) {
        let pool = Pool::new(asked);
        // A system that starts fewer threads gives a pool of these.
        assert!((1..=threads).contains(&pool.threads()) && (threads > 1 || pool.threads() == 1), "{asked}");
        let done = AtomicUsize::new(0);
        pool.for_each(10, |_| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(done.into_inner(), 10, "{asked}");
    }
}

#[test]
fn chunks_cover_the_slices() {
    let pool = Pool::new(2);
    let (mut data, mut sums) = (vec![1u32; 103], vec![0u32; 11]);
    pool.for_each_chunk_pair(&mut data, 10, &mut sums, 1, |at, chunk, sum| {
        sum[0] = chunk.iter().sum();
        chunk.fill(at as u32);
    });
    assert_eq!(sums, [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 3]);
    assert_eq!((data[0], data[99], data[102]), (0, 9, 10));
}

#[test]
fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
    let pool = Pool::new(2);
    let caught = catch_unwind(AssertUnwindSafe(|| pool.for_each(64, |at| assert_ne!(at, 13, "thirteen"))));
    assert!(caught.is_err());
    let done = AtomicUsize::new(0);
    pool.for_each(64, |_| {
        done.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(done.into_inner(), 64);
}

/// A payload whose drop panics is no way out of an open job.
#[test]
fn panics_of_two_tasks_reach_the_caller_as_one() {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("a payload is dropped");
        }
    }
    let (pool, both) = (Pool::new(2), Barrier::new(2));
    assert_eq!(pool.threads(), 2);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        pool.for_each(2, |_| {
            both.wait();
            std::panic::panic_any(Payload);
        });
    }));
    let payload = caught.expect_err("both tasks panic");
    assert!(payload.is::<Payload>());
    std::mem::forget(payload);
    let done = AtomicUsize::new(0);
    pool.for_each(64, |_| {
        done.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(done.into_inner(), 64);
}

/// The second job finds shares that the first has used up.
#[test]
fn a_job_of_more_tasks_than_a_share_counts_runs_whole() {
    let pool = Pool::new(2);
    for _ in 0..2 {
        let sums = [const { AtomicUsize::new(0) }; 2];
        let tasks = MOST_TASKS + 5;
        pool.for_each_on(tasks, |worker, at| {
            sums[worker].fetch_add(at, Ordering::Relaxed);
        });
        let sum: usize = sums.into_iter().map(AtomicUsize::into_inner).sum();
        assert_eq!(sum, tasks * (tasks - 1) / 2);
    }
}

#[test]
fn nested_and_concurrent_calls_run() {
    let pool = Arc::new(Pool::new(2));
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                pool.for_each(8, |_| {
                    pool.for_each(8, |_| {
                        done.fetch_add(1, Ordering::Relaxed);
                    });
                });
            });
        }
    });
    assert_eq!(done.into_inner(), 4 * 64);
}

#[test]
fn an_installed_pool_is_the_current_one() {
    let pool = Arc::new(Pool::new(3));
    assert_eq!(pool.install(|| current().threads()), 3);
    set_global(2);
    assert_eq!(current().threads(), 2);
    // Miri wants all threads to have ended.
    set_global(cut_for_miri(2, 1));
}
