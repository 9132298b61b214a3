//! Memory between unmapped pages.

use std::ops::{Deref, DerefMut};

use super::Side;

/// The sides to run under: an unmapped page guards one end of a buffer.
pub const SIDES: [Side; 2] = [Side::Start, Side::End];

/// Floats between unmapped pages.
pub struct Guarded {
    map: *mut libc::c_void,
    map_length: usize,
    start: *mut f32,
    length: usize,
}

impl Guarded {
    /// A copy of `values`, one end of which lies at an unmapped page.
    pub fn new(values: &[f32], side: Side) -> Self {
        // SAFETY: asks for a number.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).expect("a page has a size");
        let bytes = size_of_val(values);
        let inner = bytes.next_multiple_of(page).max(page);
        let map_length = inner + 2 * page;
        let (private, none) = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, libc::PROT_NONE);
        // SAFETY: a new mapping, whose inner pages are then made accessible; all within it.
        unsafe {
            let map = libc::mmap(std::ptr::null_mut(), map_length, none, private, -1, 0);
            assert_ne!(map, libc::MAP_FAILED, "no memory for a guarded buffer");
            let first = map.byte_add(page);
            assert_eq!(libc::mprotect(first, inner, libc::PROT_READ | libc::PROT_WRITE), 0);
            let start = match side {
                Side::Start => first,
                Side::End => first.byte_add(inner - bytes),
            };
            let start = start.cast::<f32>();
            start.copy_from_nonoverlapping(values.as_ptr(), values.len());
            Self { map, map_length, start, length: values.len() }
        }
    }
}

impl Deref for Guarded {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `new` has written these floats.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }
}

impl DerefMut for Guarded {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`, borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.length) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made; nothing borrows it any more.
        unsafe { libc::munmap(self.map, self.map_length) };
    }
}
