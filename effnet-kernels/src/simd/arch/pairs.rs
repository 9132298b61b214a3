//! Two numbers of 16 bits in the place of a float, the first in its lower half.

/// The upper 16 bits of the nearest bf16, the even one of two. NaN stays NaN.
#[inline(always)]
fn rounded(value: f32) -> u32 {
    let bits = value.to_bits();
    if value.is_nan() { (bits >> 16) | 0x40 } else { bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16 }
}

/// Two floats, rounded to bf16.
#[inline(always)]
pub fn narrow_pair(values: [f32; 2]) -> f32 {
    f32::from_bits(rounded(values[0]) | (rounded(values[1]) << 16))
}

/// 1.5 · 2²³: adding it rounds a float to the nearest integer, the even one of two, which then stands in the low bits.
pub(super) const ROUND: f32 = 12_582_912.0;

/// The integers of two floats to which [`ROUND`] was added.
#[inline(always)]
pub(super) fn shorts_pair(values: [f32; 2]) -> f32 {
    let [low, high] = values.map(f32::to_bits);
    f32::from_bits((low & 0xffff) | (high << 16))
}
