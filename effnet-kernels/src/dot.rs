//! The sum of the products of two rows.

use crate::simd::{Arch, FEWEST_LANES, Kernel, Level, MOST_LANES, Vector};

/// Independent sums: as many at every level.
const SUMS: usize = MOST_LANES;

/// `Σ a[i] · b[i]`
///
/// # Panics
/// When the rows are of unequal length.
pub fn dot(level: Level, a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "rows of unequal length");
    let mut sum = 0.0;
    level.run(Dot { a, b, sum: &mut sum });
    sum
}

struct Dot<'a> {
    a: &'a [f32],
    b: &'a [f32],
    sum: &'a mut f32,
}

impl Kernel for Dot<'_> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let (lanes, vectors) = (A::V::LANES, SUMS / A::V::LANES);
        let (a, b) = (self.a.chunks_exact(SUMS), self.b.chunks_exact(SUMS));
        let mut products = [0f32; SUMS];
        for ((product, a), b) in products.iter_mut().zip(a.remainder()).zip(b.remainder()) {
            *product = a * b;
        }
        // Explicit vectors: LLVM splits an array of sums into scalars and spills them.
        let mut sums = [arch.splat(0.0); SUMS / FEWEST_LANES];
        // SAFETY: `products` and each chunk have `SUMS` floats, which are `vectors` vectors.
        unsafe {
            for v in 0..vectors {
                sums[v] = arch.load(products.as_ptr().add(v * lanes));
            }
            for (a, b) in a.zip(b) {
                for v in 0..vectors {
                    let (a, b) = (arch.load(a.as_ptr().add(v * lanes)), arch.load(b.as_ptr().add(v * lanes)));
                    sums[v] = a.mul_add(b, sums[v]);
                }
            }
            for v in 0..vectors {
                sums[v].store(products.as_mut_ptr().add(v * lanes));
            }
        }
        *self.sum = products.iter().sum();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use effnet_guard::{Guarded, SIDES, cut_for_miri, values};

    /// How far a result may be from the f64 definition, relative to the sum of its terms' sizes.
    const TOLERANCE: f64 = 1e-6;

    proptest! {
        #[test]
        fn equals_the_definition(length in 0..cut_for_miri(300usize, 100), seed in 1usize..100) {
            let (a, b) = (values(length, seed), values(length, seed + 1));
            let terms: Vec<f64> = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).collect();
            let (expected, size) = (terms.iter().sum::<f64>(), terms.iter().map(|term| term.abs()).sum::<f64>());
            for level in Level::available() {
                for side in SIDES {
                    let found = dot(level, &Guarded::new(&a, side), &Guarded::new(&b, side));
                    let error = (f64::from(found) - expected).abs();
                    prop_assert!(error <= TOLERANCE * size, "{}: {found} for {expected}", level.name());
                }
            }
        }
    }
}
