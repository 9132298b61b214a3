//! The sigmoid and SiLU, in a form that the compiler turns into vector code.

use super::Arch;
use super::pairs::ROUND;

/// Coefficients of `2^f` for `f` in -0.5..=0.5, lowest first: the polynomial of degree 5 of least relative error, 7.5e-8.
const POWER: [f32; 6] = [1.000_000_1, 0.693_146_94, 0.240_221_2, 0.055_507_13, 0.009_675_541, 0.001_327_647_2];

/// `2^t`. Arguments are clamped to -125..=126, where the result is a normal number; NaN gives the lower end.
#[inline(always)]
fn exp2(arch: impl Arch, t: f32) -> f32 {
    #[allow(clippy::manual_clamp, reason = "these are one vector instruction each; `clamp` keeps NaN with more")]
    let t = t.max(-125.0).min(126.0);
    let shifted = t + ROUND;
    let f = t - (shifted - ROUND);
    let mut power = POWER[5];
    for coefficient in [POWER[4], POWER[3], POWER[2], POWER[1], POWER[0]] {
        power = arch.mul_add(power, f, coefficient);
    }
    // The integer's low bits become an addend of the exponent; those of ROUND itself are zeros there.
    f32::from_bits(power.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// `1 + e^-x`, by which a number is divided to be multiplied by `sigmoid(x)`; NaN gives 1.
#[inline(always)]
pub fn sigmoid_divisor(arch: impl Arch, x: f32) -> f32 {
    1.0 + exp2(arch, x * -std::f32::consts::LOG2_E)
}

/// `1 / (1 + e^-x)`; NaN gives 1.
#[inline(always)]
pub fn sigmoid(arch: impl Arch, x: f32) -> f32 {
    1.0 / sigmoid_divisor(arch, x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Precision;
    use crate::simd::{Kernel, Level};
    use effnet_guard::cut_for_miri;

    /// How far apart the tested arguments are, in 1e-4.
    const STEP: usize = cut_for_miri(7, 20_011);

    struct SigmoidOf<'a>(&'a mut [f32]);

    impl Kernel for SigmoidOf<'_> {
        #[inline(always)]
        fn run<A: Arch>(self, arch: A) {
            for x in self.0 {
                *x = sigmoid(arch, *x);
            }
        }
    }

    /// The relative error is a few roundings, and those of `log₂e` and of its product with `x`, which grow with `x`.
    #[test]
    fn sigmoid_is_accurate_at_every_level() {
        let half_ulp = f64::from(f32::EPSILON) / 2.0;
        for level in Level::available() {
            let inputs: Vec<f32> = (-850_000..880_000).step_by(STEP).map(|i| i as f32 * 1e-4).collect();
            let mut outputs = inputs.clone();
            level.run(SigmoidOf(&mut outputs));
            for (x, y) in inputs.iter().zip(&outputs) {
                let exact = 1.0 / (1.0 + (-f64::from(*x)).exp());
                let bound = (4.0 + 1.5 * f64::from(x.abs())) * half_ulp * exact;
                assert!((f64::from(*y) - exact).abs() <= bound, "{}: sigmoid({x}) = {y}", level.name());
            }
        }
    }

    struct SiluOf<'a>(&'a mut [f32]);

    impl Kernel for SiluOf<'_> {
        #[inline(always)]
        fn run<A: Arch>(self, arch: A) {
            arch.silu(self.0);
        }
    }

    #[test]
    fn silu_is_as_exact_as_it_says_at_every_level() {
        let inputs: Vec<f32> = (-400_000..400_000).step_by(STEP).map(|i| i as f32 * 1e-4).collect();
        for level in Level::available() {
            for precision in [Precision::F32, Precision::Bf16] {
                let mut outputs = inputs.clone();
                level.run_in(precision, SiluOf(&mut outputs));
                for (x, y) in inputs.iter().zip(&outputs) {
                    let exact = f64::from(*x) / (1.0 + (-f64::from(*x)).exp());
                    let bound = (level.silu_error(precision) + 1e-6) * f64::from(x.abs());
                    assert!((f64::from(*y) - exact).abs() <= bound, "{}: silu({x}) = {y}", level.name());
                }
            }
        }
    }

    /// Arguments are NaN and numbers past the table's end, in whole vectors and in the remainder.
    #[test]
    fn silu_hides_nothing_and_stays_finite() {
        let inputs: Vec<f32> = [f32::NAN, 0.0, -0.0, 15.0, 14.999_999, -15.0, -1e4, 1e4].repeat(5);
        for level in Level::available() {
            let mut outputs = inputs[1..].to_vec();
            level.run_in(Precision::Bf16, SiluOf(&mut outputs));
            for (x, y) in inputs[1..].iter().zip(&outputs) {
                assert_eq!(x.is_nan(), y.is_nan(), "{}: silu({x}) = {y}", level.name());
                assert!(x.is_nan() || (y - x.max(0.0)).abs() <= 0.01, "{}: silu({x}) = {y}", level.name());
            }
        }
    }
}
