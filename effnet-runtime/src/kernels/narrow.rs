//! Numbers in bf16, two in a float's place, the first in the lower half: what a step of a product in bf16 multiplies.

use crate::simd::{Arch, Kernel, Level};

/// Floats that are narrowed together, all read before one is written.
const BLOCK: usize = 32;

/// The upper 16 bits of the nearest bf16, the even one of two. NaN stays NaN.
#[inline(always)]
fn rounded(value: f32) -> u32 {
    let bits = value.to_bits();
    if value.is_nan() { (bits >> 16) | 0x40 } else { bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16 }
}

#[inline(always)]
fn pair(values: &[f32]) -> f32 {
    f32::from_bits(rounded(values[0]) | (rounded(values[1]) << 16))
}

/// Narrows `from` into `to`, which is half as long.
///
/// # Panics
/// When it is not.
pub(crate) fn narrow(level: Level, from: &[f32], to: &mut [f32]) {
    assert_eq!(from.len(), 2 * to.len(), "two floats for each pair");
    level.run(Narrow { from, to });
}

struct Narrow<'a> {
    from: &'a [f32],
    to: &'a mut [f32],
}

impl Kernel for Narrow<'_> {
    #[inline(always)]
    fn run<A: Arch>(self) {
        for (to, from) in self.to.iter_mut().zip(self.from.chunks_exact(2)) {
            *to = pair(from);
        }
    }
}

/// Narrows floats, an even number of them, into the first half of their own memory.
///
/// # Panics
/// When their number is odd.
pub(crate) fn narrow_in_place(level: Level, values: &mut [f32]) {
    assert!(values.len().is_multiple_of(2), "two floats for each pair");
    level.run(NarrowInPlace(values));
}

struct NarrowInPlace<'a>(&'a mut [f32]);

impl Kernel for NarrowInPlace<'_> {
    #[inline(always)]
    fn run<A: Arch>(self) {
        let values = self.0;
        let mut block = [0f32; BLOCK];
        for first in (0..values.len()).step_by(BLOCK) {
            let count = BLOCK.min(values.len() - first);
            block[..count].copy_from_slice(&values[first..first + count]);
            for (to, from) in values[first / 2..].iter_mut().zip(block[..count].chunks_exact(2)) {
                *to = pair(from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use half::bf16;
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::guard::{Guarded, SIDES};

    proptest! {
        #[test]
        fn equals_the_definition(pairs in proptest::collection::vec(any::<[u32; 2]>(), 1..120)) {
            // Any bits: infinities, NaN and numbers that are not normal too.
            let values: Vec<f32> = pairs.as_flattened().iter().map(|bits| f32::from_bits(*bits)).collect();
            let expected: Vec<bf16> = values.iter().map(|value| bf16::from_f32(*value)).collect();
            for level in Level::available() {
                for side in SIDES {
                    let mut found = Guarded::new(&vec![0.0; values.len() / 2], side);
                    narrow(level, &Guarded::new(&values, side), &mut found);
                    let mut in_place = Guarded::new(&values, side);
                    narrow_in_place(level, &mut in_place);
                    for (at, pair) in expected.chunks_exact(2).enumerate() {
                        let bits = u32::from(pair[0].to_bits()) | (u32::from(pair[1].to_bits()) << 16);
                        prop_assert_eq!(found[at].to_bits(), bits, "{}", level.name());
                        prop_assert_eq!(in_place[at].to_bits(), bits, "{}", level.name());
                    }
                }
            }
        }
    }
}
