//! Asking for memory before it is read.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::buffer::CACHE_LINE;

/// Asks for floats that will be read soon, where no prefetcher of the CPU sees them coming: runs that are parts of rows.
/// It reads nothing: the address may be any.
#[inline(always)]
pub fn prefetch(from: *const f32, floats: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..floats).step_by(CACHE_LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every CPU of this target has the instruction, which accesses no memory of the program's.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(line).cast()) }
    }
    #[cfg(target_arch = "aarch64")]
    for line in (0..floats).step_by(CACHE_LINE) {
        let line = from.wrapping_add(line);
        // SAFETY: a hint, which accesses no memory of the program's.
        unsafe { std::arch::asm!("prfm pldl1keep, [{}]", in(reg) line, options(nostack, preserves_flags, readonly)) }
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = (from, floats);
}
