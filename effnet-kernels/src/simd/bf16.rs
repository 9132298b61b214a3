//! Rounding to bf16.

/// The upper 16 bits of the nearest bf16, the even one of two. NaN stays NaN.
#[inline(always)]
fn rounded(value: f32) -> u32 {
    let bits = value.to_bits();
    if value.is_nan() { (bits >> 16) | 0x40 } else { bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16 }
}

/// Two numbers in bf16 in the place of one, the first in the lower half.
#[inline(always)]
pub fn narrow_pair(values: [f32; 2]) -> f32 {
    f32::from_bits(rounded(values[0]) | (rounded(values[1]) << 16))
}
