//! Memory of an exact length: Miri, which knows of no pages, finds accesses outside of it.

use std::ops::{Deref, DerefMut};

use super::Side;

/// The one side to run under: Miri checks both ends at once.
pub const SIDES: [Side; 1] = [Side::End];

/// Floats of an allocation of their own.
pub struct Guarded(Box<[f32]>);

impl Guarded {
    /// A copy of `values`.
    pub fn new(values: &[f32], _: Side) -> Self {
        Self(values.into())
    }
}

impl Deref for Guarded {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Guarded {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}
