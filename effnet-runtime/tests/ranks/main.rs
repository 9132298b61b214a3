//! Groups of processes: by TCP, and with the feature `mpi` by MPI. They find what a group of threads finds, and end when one
//! of them dies.
//!
//! A rank's program is the ignored test `a_rank` of this very file.

#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

#[cfg(feature = "mpi")]
mod mpi;
mod program;
mod tcp;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use effnet_runtime::collective::threads;

/// A dead rank must end the others within this time.
const END: Duration = Duration::from_secs(10);

/// Has a command run this file's `a_rank`.
fn add_program(command: &mut Command, what: &str) {
    command
        .args(["program::a_rank", "--exact", "--ignored", "--nocapture", "--test-threads", "1"])
        .env(program::WHAT, what);
}

/// This file's program.
fn this_program() -> std::path::PathBuf {
    std::env::current_exe().unwrap()
}

/// The hash of what each rank of a group of threads finds.
fn of_threads(size: usize) -> Vec<String> {
    let ends = threads(size).unwrap();
    thread::scope(|scope| {
        let ranks: Vec<_> = ends.into_iter().map(|end| scope.spawn(move || program::work(&end))).collect();
        ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

/// Rest of the lines that begin so.
fn told<'a>(output: &'a str, key: &str) -> Vec<&'a str> {
    output.lines().filter_map(|line| line.strip_prefix(key)).map(str::trim).collect()
}

/// Waits for what is to come soon.
fn wait_for<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < within, "{what} within {within:?}");
        thread::sleep(Duration::from_millis(10));
    }
}
