//! Memory that kernels read and write.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};

/// Floats of a cache line.
pub const CACHE_LINE: usize = 16;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; CACHE_LINE]);

/// Floats that start at a cache line.
#[derive(Clone, Default)]
pub struct Buffer {
    lines: Vec<Line>,
    length: usize,
}

impl Buffer {
    /// `length` zeros.
    pub fn zeros(length: usize) -> Self {
        Self { lines: vec![Line([0.0; CACHE_LINE]); length.div_ceil(CACHE_LINE)], length }
    }

    /// Room for `length` floats, none of which is written yet.
    pub fn unwritten(length: usize) -> Unwritten {
        Unwritten { lines: Vec::with_capacity(length.div_ceil(CACHE_LINE)), length }
    }
}

/// A buffer in the making. The system maps memory where it is first written to, which costs more than to write zeros: here
/// the threads that fill a buffer can share that, too.
pub struct Unwritten {
    lines: Vec<Line>,
    length: usize,
}

impl Unwritten {
    /// The floats, to write.
    pub fn floats(&mut self) -> &mut [MaybeUninit<f32>] {
        let spare = self.lines.spare_capacity_mut();
        // SAFETY: a line is its floats and nothing else, and nothing is said of their content.
        unsafe { std::slice::from_raw_parts_mut(spare.as_mut_ptr().cast(), self.length) }
    }

    /// The buffer.
    ///
    /// # Safety
    /// All floats must have been written.
    pub unsafe fn assume_written(mut self) -> Buffer {
        let lines = self.length.div_ceil(CACHE_LINE);
        if let Some(last) = self.lines.spare_capacity_mut()[..lines].last_mut() {
            let padding = lines * CACHE_LINE - self.length;
            let last: *mut f32 = last.as_mut_ptr().cast();
            // SAFETY: the last floats of the last line, which is this buffer's.
            unsafe { last.add(CACHE_LINE - padding).write_bytes(0, padding) };
        }
        // SAFETY: the lines' floats are written, by the caller's promise and here.
        unsafe { self.lines.set_len(lines) };
        Buffer { lines: self.lines, length: self.length }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: a line is its floats and nothing else, and there are at least `length` of them.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`, borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({})", self.length)
    }
}

/// A mutable slice that the tasks of a job share, each writing elements of its own.
#[derive(Clone, Copy)]
pub struct Shared<'a, T = f32> {
    start: *mut T,
    length: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: stands for a `&mut [T]`; every access is `unsafe`, and its caller answers for the elements being its own.
unsafe impl<T: Send> Send for Shared<'_, T> {}
// SAFETY: as for `Send`: what several threads get are disjoint parts, which `T: Send` allows.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    /// The whole of `slice`.
    pub fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), slice: PhantomData }
    }

    /// Elements of the slice.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether the slice has no elements.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Address of an element, or of the end.
    ///
    /// # Panics
    /// When the slice is shorter.
    pub fn at(&self, element: usize) -> *mut T {
        assert!(element <= self.length, "element {element} of {}", self.length);
        // SAFETY: within the slice or at its end.
        unsafe { self.start.add(element) }
    }

    /// A part of the slice.
    ///
    /// # Panics
    /// When the slice is shorter.
    ///
    /// # Safety
    /// While the part lives, nobody else may read or write its elements.
    #[allow(clippy::mut_from_ref, reason = "the caller keeps the parts disjoint")]
    pub unsafe fn part(&self, from: usize, length: usize) -> &'a mut [T] {
        assert!(
            from <= self.length && length <= self.length - from,
            "{length} elements from {from} of {}",
            self.length
        );
        // SAFETY: within the slice; the caller keeps the parts disjoint.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), length) }
    }

    /// Chunk `at` of those of `length`; the last one may be shorter, and those behind it are empty.
    ///
    /// # Safety
    /// As [`Shared::part`].
    #[allow(clippy::mut_from_ref, reason = "the caller keeps the chunks disjoint")]
    pub unsafe fn chunk(&self, at: usize, length: usize) -> &'a mut [T] {
        let from = at.saturating_mul(length).min(self.length);
        // SAFETY: the caller's promise.
        unsafe { self.part(from, length.min(self.length - from)) }
    }
}
