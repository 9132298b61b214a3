//! Test buffers that end at an unmapped page on both sides, so that an access outside is a crash and not luck.

#[cfg(miri)]
mod exact;
#[cfg(not(miri))]
mod pages;

#[cfg(miri)]
pub use exact::Guarded;
#[cfg(not(miri))]
pub use pages::Guarded;

/// Which end of the buffer lies at an unmapped page; the other is less than a page away from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first element follows the page.
    Start,
    /// The last element precedes it.
    End,
}

/// Both, for tests to run under.
pub const SIDES: [Side; 2] = [Side::Start, Side::End];

/// Test values in -1..=1 that repeat after a prime number of elements.
pub fn values(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| (((i + seed) * 7919 + seed * 104_729) % 1009) as f32 / 504.0 - 1.0).collect()
}
