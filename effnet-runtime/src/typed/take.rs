//! Typed layers out of a builder.

use candle_core::Result;

use crate::builder::Builder;

/// Layers that a builder hands out: a single one, an array, or pairs of such parts.
///
/// A model takes all of its layers as one value. If it took them one by one, each could fail with all those before it
/// alive, and the code that drops them would grow with the square of their number.
pub trait Layers: Sized {
    /// The builder's next layers.
    ///
    /// # Errors
    /// When they are of another type or size, or the builder lacks a parameter.
    fn take(builder: &mut Builder<'_>) -> Result<Self>;
}

impl<L: Layers, const N: usize> Layers for [L; N] {
    fn take(builder: &mut Builder<'_>) -> Result<Self> {
        let mut layers = Vec::with_capacity(N);
        for _ in 0..N {
            layers.push(L::take(builder)?);
        }
        layers.try_into().map_err(|layers: Vec<L>| candle_core::Error::msg(format!("{} of {N} layers", layers.len())))
    }
}

impl<A: Layers, B: Layers> Layers for (A, B) {
    fn take(builder: &mut Builder<'_>) -> Result<Self> {
        Ok((A::take(builder)?, B::take(builder)?))
    }
}
