//! Memory that a kernel needs for as long as it runs.

use std::cell::RefCell;

thread_local! {
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Calls `f` with `length` floats of the calling thread's own, of unspecified content. The memory is kept for the next
/// call: a fresh large buffer costs a page fault every 4 KiB. A call from within `f` gets memory of its own.
pub(crate) fn with_scratch<R>(length: usize, f: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut buffer = SCRATCH.take();
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    let result = f(&mut buffer[..length]);
    SCRATCH.set(buffer);
    result
}
