//! Memory between unmapped pages.

use std::ops::{Deref, DerefMut};

use super::{Side, system};

/// The sides to run under: an unmapped page guards one end of a buffer.
pub const SIDES: [Side; 2] = [Side::Start, Side::End];

/// Floats between unmapped pages.
pub struct Guarded {
    map: *mut u8,
    map_length: usize,
    start: *mut f32,
    length: usize,
}

impl Guarded {
    /// A copy of `values`, one end of which lies at an unmapped page.
    pub fn new(values: &[f32], side: Side) -> Self {
        let page = system::page();
        let bytes = size_of_val(values);
        let inner = bytes.next_multiple_of(page).max(page);
        let map_length = inner + 2 * page;
        let map = system::map(map_length, page);
        // SAFETY: all within the mapping's inner pages, which are accessible.
        unsafe {
            let first = map.byte_add(page);
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
        unsafe { system::unmap(self.map, self.map_length) };
    }
}
