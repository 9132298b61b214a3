//! Rounding to integers of 16 bits.

use super::Arch;

/// 1.5 · 2²³: adding it rounds a float to the nearest integer, the even one of two, which then stands in the low bits.
const ROUND: f32 = 12_582_912.0;

/// Two numbers times a factor as integers of 16 bits in the place of one, the first in the lower half.
#[inline(always)]
pub fn shorten_pair<A: Arch>(values: [f32; 2], factor: f32) -> f32 {
    let [low, high] = values.map(|value| A::mul_add(value, factor, ROUND).to_bits());
    f32::from_bits((low & 0xffff) | (high << 16))
}

/// [`shorten_pair`] of 32 numbers: the permutation takes the lower half of each lane of two registers.
///
/// # Safety
/// The machine must have AVX-512, and the function be inlined into one that is compiled for it.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) unsafe fn shorten(from: &[f32; 32], factor: f32, to: &mut [f32; 16]) {
    use std::arch::x86_64::*;
    /// Halves of lanes from 0 on, every other one.
    static LOWER: [u16; 32] = {
        let mut lower = [0; 32];
        let mut at = 0;
        while at < 32 {
            lower[at] = 2 * at as u16;
            at += 1;
        }
        lower
    };
    // SAFETY: the caller's promise; `from` is as long as two registers, the others as one.
    unsafe {
        let (factor, round) = (_mm512_set1_ps(factor), _mm512_set1_ps(ROUND));
        let low = _mm512_fmadd_ps(_mm512_loadu_ps(from.as_ptr()), factor, round);
        let high = _mm512_fmadd_ps(_mm512_loadu_ps(from.as_ptr().add(16)), factor, round);
        let lower = _mm512_loadu_si512(LOWER.as_ptr().cast());
        let shorts = _mm512_permutex2var_epi16(_mm512_castps_si512(low), lower, _mm512_castps_si512(high));
        _mm512_storeu_si512(to.as_mut_ptr().cast(), shorts);
    }
}
