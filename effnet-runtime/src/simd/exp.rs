//! The exponential and the sigmoid, in a form that the compiler turns into vector code.

use super::Arch;

/// 1.5 · 2²³: adding it rounds a small float to the nearest integer, which then stands in the low bits.
const ROUND: f32 = 12_582_912.0;

/// ln 2 in two parts; the first has few enough bits that a small integer times it is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// `e^x` to 2 units in the last place (Cephes' `expf`): `2^n · p(x - n ln 2)`. Arguments are clamped to -87.3..=88.3,
/// where the result is a normal number; NaN gives the lower end.
#[inline(always)]
fn exp<A: Arch>(x: f32) -> f32 {
    #[allow(clippy::manual_clamp, reason = "these are one vector instruction each; `clamp` keeps NaN with more")]
    let x = x.max(-87.3).min(88.3);
    let shifted = A::mul_add(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = A::mul_add(n, -LN2_LOW, A::mul_add(n, -LN2_HIGH, x));
    let mut p = 1.987_569_1e-4;
    p = A::mul_add(p, r, 1.398_199_9e-3);
    p = A::mul_add(p, r, 8.333_452e-3);
    p = A::mul_add(p, r, 4.166_579_6e-2);
    p = A::mul_add(p, r, 1.666_666_6e-1);
    p = A::mul_add(p, r, 0.5);
    p = A::mul_add(p, r * r, r + 1.0);
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    p * f32::from_bits(exponent)
}

/// `1 / (1 + e^-x)`; NaN gives 1.
#[inline(always)]
pub(crate) fn sigmoid<A: Arch>(x: f32) -> f32 {
    1.0 / (1.0 + exp::<A>(-x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Kernel, Level};

    /// Units in the last place that `exp` may be off by.
    const EXP_ULPS: f64 = 2.0;

    struct ExpOf<'a>(&'a mut [f32]);

    impl Kernel for ExpOf<'_> {
        #[inline(always)]
        fn run<A: Arch>(self) {
            for x in self.0 {
                *x = exp::<A>(*x);
            }
        }
    }

    #[test]
    fn exp_is_accurate_at_every_level() {
        for level in Level::available() {
            let inputs: Vec<f32> = (-870_000..880_000).step_by(7).map(|i| i as f32 * 1e-4).collect();
            let mut outputs = inputs.clone();
            level.run(ExpOf(&mut outputs));
            for (x, y) in inputs.iter().zip(&outputs) {
                let exact = f64::from(*x).exp();
                let ulp = exact * f64::from(f32::EPSILON);
                assert!((f64::from(*y) - exact).abs() <= EXP_ULPS * ulp, "{}: exp({x}) = {y}", level.name());
            }
        }
    }
}
