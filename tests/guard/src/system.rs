//! Mappings whose first and last page are not accessible, by the system's calls.

#[cfg(unix)]
pub(super) use unix::{map, page, unmap};
#[cfg(windows)]
pub(super) use windows::{map, page, unmap};

#[cfg(unix)]
mod unix {
    /// Size of a page.
    pub(crate) fn page() -> usize {
        // SAFETY: asks for a number.
        usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).expect("a page has a size")
    }

    /// Makes a mapping of whole pages.
    pub(crate) fn map(length: usize, page: usize) -> *mut u8 {
        let (private, none) = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, libc::PROT_NONE);
        // SAFETY: a new mapping, whose inner pages are then made accessible; all within it.
        unsafe {
            let map = libc::mmap(std::ptr::null_mut(), length, none, private, -1, 0);
            assert_ne!(map, libc::MAP_FAILED, "no memory for a guarded buffer");
            let inner = length - 2 * page;
            assert_eq!(libc::mprotect(map.byte_add(page), inner, libc::PROT_READ | libc::PROT_WRITE), 0);
            map.cast()
        }
    }

    /// # Safety
    /// [`map`] made it with this length, and nothing borrows it.
    pub(crate) unsafe fn unmap(map: *mut u8, length: usize) {
        // SAFETY: as the caller says.
        unsafe { libc::munmap(map.cast(), length) };
    }
}

#[cfg(windows)]
mod windows {
    use std::ptr;

    use windows_sys::Win32::System::Memory::{
        MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_NOACCESS, PAGE_READWRITE, VirtualAlloc, VirtualFree,
    };

    /// Size of a page on every CPU that Windows runs on.
    pub(crate) fn page() -> usize {
        4096
    }

    /// Makes a mapping of whole pages.
    pub(crate) fn map(length: usize, page: usize) -> *mut u8 {
        // SAFETY: reserves addresses, of which the inner pages then get memory.
        unsafe {
            let map = VirtualAlloc(ptr::null(), length, MEM_RESERVE, PAGE_NOACCESS);
            assert!(!map.is_null(), "no addresses for a guarded buffer");
            let inner = VirtualAlloc(map.byte_add(page), length - 2 * page, MEM_COMMIT, PAGE_READWRITE);
            assert!(!inner.is_null(), "no memory for a guarded buffer");
            map.cast()
        }
    }

    /// # Safety
    /// [`map`] made it, and nothing borrows it.
    pub(crate) unsafe fn unmap(map: *mut u8, _: usize) {
        // SAFETY: as the caller says.
        unsafe { VirtualFree(map.cast(), 0, MEM_RELEASE) };
    }
}
