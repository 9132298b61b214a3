//! Numbers in bf16, two in a float's place, the first in the lower half: what a step of a product in bf16 multiplies.

use crate::simd::{Arch, Kernel, Level, narrow_pair};

/// Floats that are narrowed together, all read before one is written.
const BLOCK: usize = 32;

/// Narrows `from` into `to`, which is half as long.
///
/// # Panics
/// When it is not.
pub fn narrow(level: Level, from: &[f32], to: &mut [f32]) {
    assert_eq!(from.len(), 2 * to.len(), "two floats for each pair");
    level.run_pairs(Narrow { from, to });
}

struct Narrow<'a> {
    from: &'a [f32],
    to: &'a mut [f32],
}

impl Kernel for Narrow<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let (blocks, rest) = self.from.as_chunks::<BLOCK>();
        let (to_blocks, to_rest) = self.to.as_chunks_mut();
        for (to, from) in to_blocks.iter_mut().zip(blocks) {
            arch.narrow(from, to);
        }
        for (to, from) in to_rest.iter_mut().zip(rest.as_chunks().0) {
            *to = narrow_pair(*from);
        }
    }
}

/// Narrows floats, an even number of them, into the first half of their own memory, each times its channel's factor where
/// there are factors.
///
/// # Panics
/// When their number is odd or no multiple of the factors', or the factors are no multiple of 32.
pub fn narrow_in_place(level: Level, values: &mut [f32], factors: Option<&[f32]>) {
    assert!(values.len().is_multiple_of(2), "two floats for each pair");
    if let Some(factors) = factors {
        assert!(!factors.is_empty() && factors.len().is_multiple_of(BLOCK), "factors in blocks");
        assert!(values.len().is_multiple_of(factors.len()), "a factor for each channel of whole pixels");
    }
    level.run_pairs(NarrowInPlace { values, factors });
}

struct NarrowInPlace<'a> {
    values: &'a mut [f32],
    factors: Option<&'a [f32]>,
}

impl Kernel for NarrowInPlace<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let Self { values, factors } = self;
        let mut factors = factors.map(|factors| factors.as_chunks::<BLOCK>().0.iter().cycle());
        let whole = values.len() / BLOCK * BLOCK;
        for first in (0..whole).step_by(BLOCK) {
            let mut block = [0f32; BLOCK];
            block.copy_from_slice(&values[first..first + BLOCK]);
            if let Some(factors) = factors.as_mut().and_then(Iterator::next) {
                block.iter_mut().zip(factors).for_each(|(value, factor)| *value *= factor);
            }
            let mut pairs = [0f32; BLOCK / 2];
            arch.narrow(&block, &mut pairs);
            values[first / 2..][..BLOCK / 2].copy_from_slice(&pairs);
        }
        for first in (whole..values.len()).step_by(2) {
            values[first / 2] = narrow_pair([values[first], values[first + 1]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use half::bf16;
    use proptest::prelude::*;

    use super::*;
    use effnet_guard::{Guarded, SIDES, cut_for_miri};

    /// Whether the bits are those of the number nearest to `value`, or of a zero for one that is not normal, where the CPU's
    /// instruction may have been used.
    fn is_nearest(level: Level, bits: u32, value: f32) -> bool {
        let zero = bf16::from_f32(0f32.copysign(value)).to_bits();
        bits == u32::from(bf16::from_f32(value).to_bits())
            || (level.has_bf16() && value.is_subnormal() && bits == u32::from(zero))
    }

    proptest! {
        #[test]
        fn equals_the_definition(pairs in proptest::collection::vec(any::<[u32; 2]>(), 1..cut_for_miri(120, 40))) {
            // Any bits: infinities, NaN and numbers that are not normal too.
            let values: Vec<f32> = pairs.as_flattened().iter().map(|bits| f32::from_bits(*bits)).collect();
            for level in Level::available() {
                for side in SIDES {
                    let mut found = Guarded::new(&vec![0.0; values.len() / 2], side);
                    narrow(level, &Guarded::new(&values, side), &mut found);
                    let mut in_place = Guarded::new(&values, side);
                    narrow_in_place(level, &mut in_place, None);
                    for (at, pair) in values.chunks_exact(2).enumerate() {
                        for bits in [found[at].to_bits(), in_place[at].to_bits()] {
                            let right = is_nearest(level, bits & 0xffff, pair[0]) && is_nearest(level, bits >> 16, pair[1]);
                            prop_assert!(right, "{}: {bits:x} for {pair:?}", level.name());
                        }
                    }
                }
            }
        }

        #[test]
        fn factors_are_those_of_the_channels(blocks in 1usize..3, pixels in 1usize..5) {
            let channels = blocks * BLOCK;
            let (values, factors) = (effnet_guard::values(pixels * channels, 1), effnet_guard::values(channels, 2));
            for level in Level::available() {
                for side in SIDES {
                    let mut found = Guarded::new(&values, side);
                    narrow_in_place(level, &mut found, Some(&Guarded::new(&factors, side)));
                    for (at, pair) in values.chunks_exact(2).enumerate() {
                        let [low, high] = [0, 1].map(|one| pair[one] * factors[(2 * at + one) % channels]);
                        let bits = found[at].to_bits();
                        prop_assert!(is_nearest(level, bits & 0xffff, low) && is_nearest(level, bits >> 16, high));
                    }
                }
            }
        }
    }
}
