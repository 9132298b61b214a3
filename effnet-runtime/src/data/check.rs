use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::Error;
use super::source::Source;

/// A file that can't be used.
#[derive(Debug)]
pub struct BadFile {
    /// Its index in the source.
    pub sample: usize,
    /// Why; the message names the file.
    pub error: Error,
}

/// Decodes every file of a source, on `threads` threads, and lists those that can't be, in the source's order.
///
/// `progress` is told the number of files done after each, from any of the threads.
pub fn check(source: &dyn Source, threads: usize, progress: &(dyn Fn(usize) + Sync)) -> Vec<BadFile> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let bad = Mutex::new(Vec::new());
    let work = || {
        loop {
            let sample = next.fetch_add(1, Ordering::Relaxed);
            if sample >= source.len() {
                return;
            }
            if let Err(error) = source.image(sample) {
                bad.lock().unwrap_or_else(PoisonError::into_inner).push(BadFile { sample, error });
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut bad = bad.into_inner().unwrap_or_else(PoisonError::into_inner);
    bad.sort_by_key(|file: &BadFile| file.sample);
    bad
}
