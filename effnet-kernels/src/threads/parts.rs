//! Chunks of a slice for several threads.

/// A slice that several threads take disjoint chunks of.
pub(super) struct Parts<T> {
    start: *mut T,
    length: usize,
}

// SAFETY: stands for a `&mut [T]` whose disjoint parts go to several threads, which `T: Send` allows.
unsafe impl<T: Send> Sync for Parts<T> {}

impl<T> Parts<T> {
    pub(super) fn of(slice: &mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len() }
    }

    /// Chunk `at` of those of `length`; empty past the end.
    ///
    /// # Safety
    /// The slice must be borrowed mutably for as long as the chunk lives, and each chunk be taken by one task only.
    #[allow(clippy::mut_from_ref, reason = "the caller keeps the chunks disjoint")]
    pub(super) unsafe fn chunk(&self, at: usize, length: usize) -> &mut [T] {
        let from = at.saturating_mul(length).min(self.length);
        let until = from.saturating_add(length).min(self.length);
        // SAFETY: `from..until` lies within the slice; disjointness is the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), until - from) }
    }
}
