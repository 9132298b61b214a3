//! Numbers of 8 bits.

use super::Array;

/// The nearest of 256 steps, halves to the even one.
pub(super) fn quantise(x: &Array, scale: &Array, zero: &Array) -> Option<Array> {
    let (scale, zero) = (scale.number()?, zero.number()?);
    Some(x.map(|x| ((x / scale).round_ties_even() + zero).clamp(0.0, 255.0)))
}

/// `(x - zero) · scale`: by one step, or by one for each of the first dimension.
pub(super) fn dequantise(x: &Array, scale: &Array, zero: &Array, axis: usize) -> Option<Array> {
    if let (Some(scale), Some(zero)) = (scale.number(), zero.number()) {
        return Some(x.map(|x| (x - zero) * scale));
    }
    let filters = *x.shape.first()?;
    if axis != 0 || scale.shape != [filters] || zero.shape != [filters] {
        return None;
    }
    let mut y = x.clone();
    let length = (x.data.len() / filters.max(1)).max(1);
    for ((filter, scale), zero) in y.data.chunks_exact_mut(length).zip(&scale.data).zip(&zero.data) {
        filter.iter_mut().for_each(|value| *value = (*value - zero) * scale);
    }
    Some(y)
}
