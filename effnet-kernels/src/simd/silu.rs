//! SiLU of many numbers.

use super::{Arch, sigmoid_divisor};

#[cfg(target_arch = "x86_64")]
pub(super) use x86::coarse;

/// How far [`Arch::silu`] is from SiLU where it is coarse, relative to its argument: a sixteenth of what rounding to bf16
/// is.
pub(super) const COARSE: f64 = 1.25e-4;

/// `u / (1 + e^-u)` in place of each `u`, in a form that the compiler turns into vector code.
#[inline(always)]
pub(super) fn by_definition<A: Arch>(values: &mut [f32]) {
    for u in values {
        *u /= sigmoid_divisor::<A>(*u);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    /// As many floats as a register holds.
    type Lanes = [f32; 16];

    /// Pieces of the function, four for each octave of `1 + a`, from 1 to 16.
    const PIECES: usize = 16;

    /// The largest float below 15, the end of the last piece.
    const LARGEST: f32 = 14.999_999;

    /// Of each piece the parabola of least error, lowest power of `a` first. The pieces from `1 + a = 2` on come first and
    /// those below 2 last: the order of the last four of the bits that name a piece, which are a float's exponent and the
    /// first two of its fraction.
    #[rustfmt::skip]
    static PARABOLAS: [[f32; PIECES]; 3] = [
        [-0.013_511_452, -0.004_683_639, 0.033_182_524, 0.095_524_73, 0.201_670_84, 0.328_632_27, 0.410_622_8, 0.456_067_98, 0.484_764_37, 0.496_927_32, 0.499_420_4, 0.499_895_72, -0.000_009_995_428, -0.000_920_473_2, -0.003_866_060_9, -0.008_461_234],
        [0.292_238_68, 0.281_216_14, 0.243_611_96, 0.193_697_38, 0.124_538_22, 0.060_097_046, 0.026_843_369, 0.011_510_136, 0.003_347_204_8, 0.000_554_249_85, 0.000_088_640_765, 0.000_013_839_347, 0.250_722_68, 0.257_928_2, 0.269_774_94, 0.282_152_18],
        [-0.047_674_08, -0.044_242_82, -0.034_895_61, -0.024_896_335, -0.013_620_851, -0.005_434_561_5, -0.002_060_461_3, -0.000_766_487, -0.000_185_526_76, -0.000_025_147_308, -0.000_003_404_033_1, -0.000_000_460_698_89, -0.007_746_855, -0.022_302_004, -0.034_275_126, -0.042_628_206],
    ];

    /// `u/2 + a · h(a)` in place of each `u`, with `a = |u|` and parabolas for `h(a) = sigmoid(a) - ½`: three permutations of
    /// registers that hold a table, instead of an exponential and a division. NaN stays NaN.
    ///
    /// # Safety
    /// The machine must have AVX-512, and the function be inlined into one that is compiled for it.
    #[inline(always)]
    pub(crate) unsafe fn coarse(values: &mut [Lanes]) {
        // SAFETY: the caller's promise; each chunk is as long as a register, and so is each row of the table.
        unsafe {
            let constant = _mm512_loadu_ps(PARABOLAS[0].as_ptr());
            let linear = _mm512_loadu_ps(PARABOLAS[1].as_ptr());
            let square = _mm512_loadu_ps(PARABOLAS[2].as_ptr());
            for chunk in values {
                let u = _mm512_loadu_ps(chunk.as_ptr());
                let size = _mm512_abs_ps(u);
                // Of NaN and a number, this gives the second.
                let a = _mm512_min_ps(size, _mm512_set1_ps(LARGEST));
                let bits = _mm512_castps_si512(_mm512_add_ps(a, _mm512_set1_ps(1.0)));
                // A permutation reads four bits.
                let piece = _mm512_srli_epi32::<21>(bits);
                let slope =
                    _mm512_fmadd_ps(a, _mm512_permutexvar_ps(piece, square), _mm512_permutexvar_ps(piece, linear));
                let h = _mm512_fmadd_ps(a, slope, _mm512_permutexvar_ps(piece, constant));
                let half = _mm512_mul_ps(u, _mm512_set1_ps(0.5));
                _mm512_storeu_ps(chunk.as_mut_ptr(), _mm512_fmadd_ps(size, h, half));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Precision;
    use crate::simd::{Arch, Kernel, Level};

    struct SiluOf<'a>(&'a mut [f32]);

    impl Kernel for SiluOf<'_> {
        #[inline(always)]
        fn run<A: Arch>(self) {
            A::silu(self.0);
        }
    }

    #[test]
    fn silu_is_as_exact_as_it_says_at_every_level() {
        let inputs: Vec<f32> = (-400_000..400_000).step_by(7).map(|i| i as f32 * 1e-4).collect();
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

    /// Whole vectors and what is left over, of numbers that are none and of numbers outside every table.
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
