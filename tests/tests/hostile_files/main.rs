//! Files that are damaged or made to do harm: nothing panics, and nothing takes much more memory than the file has
//! bytes. A process of its own, whose allocator counts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

mod allocator;
mod bombs;
mod checkpoints;
mod mutation;
mod pictures;
mod tars;
mod tensorflow;
mod torch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use mutation::mutate;

/// What reading an archive or a checkpoint may take beyond twice its size, in bytes.
const SLACK: usize = 4 << 20;

/// Files of a kind in the test suite, and in the proof `mutated-files`.
fn count() -> u64 {
    if std::env::var("PROOF").is_ok_and(|proof| proof == "full") { 10_000 } else { 300 }
}

/// The longest that reading a file may take: none of them is large, and so what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Mutates each of `files` in turn, writes the result to `path` and has it read. `read` says whether it could be, and may
/// take `slack` bytes beyond twice the file's size.
fn survive(kind: &str, path: &Path, files: &[Vec<u8>], slack: usize, read: impl Fn(&Path) -> bool) {
    let _alone = allocator::alone();
    let (mut refused, mut most) = (0, 0);
    for seed in 0..count() {
        let file = mutate(&files[seed as usize % files.len()], seed);
        std::fs::write(path, &file).expect("written");
        let begun = Instant::now();
        let (outcome, peak) = allocator::peak(|| catch_unwind(AssertUnwindSafe(|| read(path))));
        let outcome = outcome.unwrap_or_else(|_| panic!("mutation {seed} of a {kind} panics"));
        assert!(begun.elapsed() < PATIENCE, "mutation {seed} of a {kind} takes {:?}", begun.elapsed());
        let allowed = 2 * file.len() + slack;
        assert!(peak <= allowed, "mutation {seed} of a {kind}: {peak} bytes of memory for {} of file", file.len());
        refused += u64::from(!outcome);
        most = most.max(peak);
    }
    let bytes = files.iter().map(Vec::len).max().unwrap_or_default();
    println!(
        "{} mutated {kind}s of up to {bytes} bytes: no panic, at most {} KiB of memory, {refused} refused",
        count(),
        most >> 10
    );
    // Mutations that change nothing, or are all refused at the first byte, would prove nothing.
    assert!(refused > count() / 10 && refused < count(), "{refused} of {} refused", count());
}
