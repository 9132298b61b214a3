//! Test buffers one end of which lies at an unmapped page, so that an access outside is a crash and not luck; under Miri,
//! buffers of an exact length, and sizes that it can interpret in seconds.

#[cfg(miri)]
mod exact;
#[cfg(not(miri))]
mod pages;
#[cfg(not(miri))]
mod system;

#[cfg(miri)]
pub use exact::{Guarded, SIDES};
#[cfg(not(miri))]
pub use pages::{Guarded, SIDES};

/// Which end of the buffer lies at an unmapped page; the other is less than a page away from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first element follows the page.
    Start,
    /// The last element precedes it.
    End,
}

/// What a test takes for a size or a number of cases: `full`, or `cut` under Miri, where it takes a thousand times as long.
pub const fn cut_for_miri<T: Copy>(full: T, cut: T) -> T {
    if cfg!(miri) { cut } else { full }
}

/// Test values in -1..=1 that repeat after a prime number of elements.
pub fn values(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| (((i + seed) * 7919 + seed * 104_729) % 1009) as f32 / 504.0 - 1.0).collect()
}
