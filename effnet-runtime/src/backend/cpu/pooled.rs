//! Memory for what lives inside a node, kept from step to step.
//!
//! A fresh buffer of tens of megabytes is mapped, faulted in page by page and unmapped again at every operation, which
//! takes longer than a pass over it. Here a buffer goes back to a list when it is dropped, for the next of its size: the
//! list never holds more than was in use at once.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Free buffers by their length.
static FREE: Mutex<BTreeMap<usize, Vec<Vec<f32>>>> = Mutex::new(BTreeMap::new());

fn free() -> MutexGuard<'static, BTreeMap<usize, Vec<Vec<f32>>>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Floats of unspecified content.
#[derive(Debug)]
pub(crate) struct Pooled {
    buffer: Vec<f32>,
    length: usize,
}

impl Pooled {
    /// `length` floats, in a free buffer of up to 1.5 × that length where there is one.
    pub(crate) fn new(length: usize) -> Self {
        let mut free = free();
        let found = free.range(length..=length + length / 2).next().map(|(length, _)| *length);
        let buffer = found.and_then(|found| {
            let buffers = free.get_mut(&found)?;
            let buffer = buffers.pop();
            if buffers.is_empty() {
                free.remove(&found);
            }
            buffer
        });
        drop(free);
        Self { buffer: buffer.unwrap_or_else(|| vec![0.0; length]), length }
    }
}

impl Pooled {
    /// Gives the buffer away: it does not come back.
    pub(crate) fn into_vec(mut self) -> Vec<f32> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.truncate(self.length);
        buffer
    }
}

impl Deref for Pooled {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.buffer[..self.length]
    }
}

impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.buffer[..self.length]
    }
}

impl Borrow<[f32]> for Pooled {
    fn borrow(&self) -> &[f32] {
        self
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        if !buffer.is_empty() {
            free().entry(buffer.len()).or_default().push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_used_again() {
        // Longer than any other test's buffers, which this one could serve; it is never touched.
        let length = 40_000_003;
        let first = Pooled::new(length);
        let address = first.as_ptr();
        drop(first);
        let smaller = Pooled::new(length - 1000);
        assert_eq!((smaller.as_ptr(), smaller.len()), (address, length - 1000));
        let other = Pooled::new(length);
        assert_ne!(other.as_ptr(), address);
    }
}
