//! What the pool is made of: std's types, or loom's in the crate `tests/pool-model`, which sets `cfg(loom)` and runs a few
//! threads in every order that matters.

#[cfg(not(loom))]
pub(super) use std_types::*;

#[cfg(loom)]
pub(super) use loom_types::*;

#[cfg(not(loom))]
mod std_types {
    use std::cell::{self, Cell};
    pub(in crate::threads) use std::hint::spin_loop;
    pub(in crate::threads) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
    pub(in crate::threads) use std::sync::{Condvar, Mutex, MutexGuard};
    pub(in crate::threads) use std::thread::{Builder, JoinHandle, yield_now};

    /// As loom's: a pointer is there for as long as a closure runs.
    pub(in crate::threads) struct UnsafeCell<T>(cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(in crate::threads) fn new(value: T) -> Self {
            Self(cell::UnsafeCell::new(value))
        }

        pub(in crate::threads) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
            read(self.0.get())
        }

        pub(in crate::threads) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
            write(self.0.get())
        }
    }

    thread_local! {
        /// Whether the thread works on a task.
        pub(in crate::threads) static INSIDE: Cell<bool> = const { Cell::new(false) };
    }
}

#[cfg(loom)]
mod loom_types {
    use std::cell::Cell;
    use std::sync::atomic::Ordering;

    pub(in crate::threads) use loom::cell::UnsafeCell;
    pub(in crate::threads) use loom::hint::spin_loop;
    use loom::sync::atomic::{self, fence};
    pub(in crate::threads) use loom::sync::atomic::{AtomicBool, AtomicU64};
    pub(in crate::threads) use loom::sync::{Condvar, Mutex, MutexGuard};
    pub(in crate::threads) use loom::thread::{Builder, JoinHandle, yield_now};

    /// loom takes `SeqCst` of an access for `AcqRel`, but knows fences of that order. Here one stands behind each change of that
    /// order, as x86 has it: whoever changes one number and then reads another needs no more.
    pub(in crate::threads) struct AtomicUsize {
        value: atomic::AtomicUsize,
        /// Never written. To read it lets other threads run between a change and its fence, which is none of loom's places for
        /// that.
        turn: atomic::AtomicBool,
    }

    impl AtomicUsize {
        pub(in crate::threads) fn new(value: usize) -> Self {
            Self { value: atomic::AtomicUsize::new(value), turn: AtomicBool::new(false) }
        }

        pub(in crate::threads) fn load(&self, order: Ordering) -> usize {
            self.value.load(if order == Ordering::SeqCst { Ordering::Acquire } else { order })
        }

        /// The order is release at most.
        pub(in crate::threads) fn store(&self, value: usize, order: Ordering) {
            self.value.store(value, order);
        }

        pub(in crate::threads) fn fetch_add(&self, value: usize, order: Ordering) -> usize {
            self.changed(order, |order| self.value.fetch_add(value, order))
        }

        pub(in crate::threads) fn fetch_sub(&self, value: usize, order: Ordering) -> usize {
            self.changed(order, |order| self.value.fetch_sub(value, order))
        }

        fn changed(&self, order: Ordering, change: impl FnOnce(Ordering) -> usize) -> usize {
            if order != Ordering::SeqCst {
                return change(order);
            }
            let before = change(Ordering::AcqRel);
            self.turn.load(Ordering::Relaxed);
            fence(Ordering::SeqCst);
            before
        }
    }

    loom::thread_local! {
        /// Whether the thread works on a task.
        pub(in crate::threads) static INSIDE: Cell<bool> = Cell::new(false);
    }
}
