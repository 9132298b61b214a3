//! Memory for what lives inside a node, kept from step to step.
//!
//! A fresh buffer of tens of megabytes is mapped, faulted in page by page and unmapped again at every operation, which
//! takes longer than a pass over it. Here a buffer goes back to a list when it is dropped, for the next of about its
//! size. The list keeps, for each size, as many buffers as were in use at once, until [`OLD`] others were asked for and
//! a new one is needed: when images grow, what smaller ones used makes room.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Buffers that were asked for since a free one was last used, and more than a step of a large network asks for.
const OLD: u64 = 1 << 14;

/// Free buffers.
#[derive(Default)]
struct Free {
    /// Buffers by their length, each with the number of its last use.
    buffers: BTreeMap<usize, Vec<(Vec<f32>, u64)>>,
    /// Buffers that were asked for so far.
    asked: u64,
}

static FREE: Mutex<Free> = Mutex::new(Free { buffers: BTreeMap::new(), asked: 0 });

fn free() -> MutexGuard<'static, Free> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Free {
    /// A free buffer of `length` floats, or up to half as many more.
    fn take(&mut self, length: usize) -> Option<Vec<f32>> {
        self.asked += 1;
        let found = self.buffers.range_mut(length..=length + length / 2).find_map(|(_, buffers)| buffers.pop());
        if found.is_none() {
            let asked = self.asked;
            self.buffers.retain(|_, buffers| {
                buffers.retain(|(_, used)| asked - used < OLD);
                !buffers.is_empty()
            });
        }
        found.map(|(buffer, _)| buffer)
    }
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
        let buffer = free().take(length);
        Self { buffer: buffer.unwrap_or_else(|| vec![0.0; length]), length }
    }

    /// These floats.
    pub(crate) fn copy(floats: &[f32]) -> Self {
        let mut copy = Self::new(floats.len());
        copy.copy_from_slice(floats);
        copy
    }

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
            let mut free = free();
            let asked = free.asked;
            free.buffers.entry(buffer.len()).or_default().push((buffer, asked));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_buffer_makes_room_for_a_new_one() {
        let mut free = Free::default();
        free.buffers.insert(10, vec![(vec![0.0; 10], 0), (vec![0.0; 10], OLD)]);
        free.asked = OLD;
        assert_eq!(free.take(6), None);
        assert_eq!(free.buffers[&10].len(), 1);
        assert!(free.take(8).is_some() && free.take(8).is_none());
    }

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
