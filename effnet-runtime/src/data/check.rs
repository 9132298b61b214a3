use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use effnet_kernels::threads::MOST_THREADS;

use super::error::Error;
use super::source::Source;

/// A file that cannot be used.
#[derive(Debug)]
pub struct BadFile {
    /// Its index in the source.
    pub sample: usize,
    /// The reason; its message names the file.
    pub error: Error,
}

/// Decodes every file of a source and lists those that cannot be decoded, in the source's order. Runs on `threads`
/// threads, or on as many as the system starts.
///
/// Calls `progress` after each file, from any of the threads, with the number of files done.
pub fn check(source: &dyn Source, threads: usize, progress: &(dyn Fn(usize) + Sync)) -> Vec<BadFile> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let bad = Mutex::new(Vec::new());
    let work = || {
        while let Some(sample) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|sample| *sample < source.len()) {
            if let Err(error) = source.image(sample) {
                bad.lock().unwrap_or_else(PoisonError::into_inner).push(BadFile { sample, error });
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    std::thread::scope(|scope| {
        // The calling thread is one of them, and does the work alone where the system starts no others.
        let mut others = (1..threads.min(MOST_THREADS)).map(|_| std::thread::Builder::new().spawn_scoped(scope, work));
        others.find(Result::is_err);
        work();
    });
    let mut bad = bad.into_inner().unwrap_or_else(PoisonError::into_inner);
    bad.sort_by_key(|file: &BadFile| file.sample);
    bad
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::data::{Validation, open};

    #[test]
    fn every_bad_file_is_listed_once_in_order() {
        let picture = digits_picture();
        let root = tempfile::tempdir().unwrap();
        let mut expected = Vec::new();
        for (class, count) in [("a", 9), ("b", 12)] {
            let folder = root.path().join("train").join(class);
            let val = root.path().join("val").join(class);
            fs::create_dir_all(&folder).unwrap();
            fs::create_dir_all(&val).unwrap();
            fs::write(val.join("1.png"), &picture).unwrap();
            for number in 0..count {
                let path = folder.join(format!("{number:02}.png"));
                let bytes = match number {
                    3 => &picture[..picture.len() / 2],
                    5 => b"text",
                    _ => picture.as_slice(),
                };
                fs::write(&path, bytes).unwrap();
                if matches!(number, 3 | 5) {
                    expected.push(path.display().to_string());
                }
            }
        }
        let split = open(root.path(), Validation::Auto, 0).unwrap();
        for threads in [1, 3] {
            let last = AtomicUsize::new(0);
            let bad = check(&*split.train, threads, &|done| {
                last.fetch_max(done, Ordering::Relaxed);
            });
            let files: Vec<&str> = bad.iter().filter_map(|bad| bad.error.file()).collect();
            assert_eq!(files, expected);
            assert_eq!(bad.iter().map(|bad| bad.sample).collect::<Vec<_>>(), [3, 5, 12, 14]);
            assert_eq!(last.into_inner(), 21);
        }
        assert!(check(&*split.val, 2, &|_| {}).is_empty());
    }

    fn digits_picture() -> Vec<u8> {
        crate::data::digits().unwrap().train.read(0).unwrap()
    }
}
