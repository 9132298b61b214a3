//! AVX-512: thirty-two registers of sixteen floats; and the same with the instructions for pairs of bf16 and of integers.

use std::arch::x86_64::*;

use super::pairs::ROUND;
use super::sealed::Sealed;
use super::sigmoid::sigmoid_divisor;
use super::{Arch, Kernel, Vector};

/// Proof that the machine has AVX-512 F, DQ, BW and VL, and what [`super::Avx2`] proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Avx512 {
    _private: (),
}

/// Proof that the machine has what [`Avx512`] proves, and the instructions that [`Arch::dot_pairs`], [`Arch::dot_shorts`]
/// and [`Arch::narrow`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Avx512Bf16 {
    base: Avx512,
}

/// A register. A value proves what [`Avx512`] does.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F32x16(__m512);

impl Sealed for Avx512 {}
impl Sealed for Avx512Bf16 {}
impl Sealed for F32x16 {}

impl Avx512 {
    /// The token, where the machine has the instructions.
    pub fn detect() -> Option<Self> {
        (super::Avx2::detect().is_some()
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl"))
        .then_some(Self { _private: () })
    }
}

impl Avx512Bf16 {
    /// The token, where the machine has the instructions.
    pub fn detect() -> Option<Self> {
        let base = Avx512::detect()?;
        (is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512vnni")).then_some(Self { base })
    }

    /// The token of the instructions that every such machine has too.
    pub fn base(self) -> Avx512 {
        self.base
    }
}

/// Calls intrinsics on registers, in a method of a token or of a register.
macro_rules! proven {
    ($calls:expr) => {
        // SAFETY: the token, or the one that made the register, was made by a detection of these instructions.
        unsafe { $calls }
    };
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
fn run(arch: Avx512, kernel: impl Kernel) {
    kernel.run(arch);
}

#[inline(never)]
#[target_feature(enable = "avx512bf16,avx512vnni,avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
fn run_bf16(arch: Avx512Bf16, kernel: impl Kernel) {
    kernel.run(arch);
}

/// Ones in the first `count` of 16 lanes.
#[inline(always)]
fn mask(count: usize) -> u16 {
    ((1u32 << count) - 1) as u16
}

impl Arch for Avx512 {
    type V = F32x16;
    const TILE_ROWS: [usize; 3] = [12, 12, 8];

    #[inline(always)]
    fn outline(self, kernel: impl Kernel) {
        proven!(run(self, kernel))
    }

    #[inline(always)]
    fn splat(self, value: f32) -> F32x16 {
        F32x16(proven!(_mm512_set1_ps(value)))
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> F32x16 {
        // SAFETY: the caller answers for sixteen floats, and the token for the instruction.
        F32x16(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> F32x16 {
        // SAFETY: as in `load`; lanes outside the mask are not read.
        F32x16(unsafe { _mm512_maskz_loadu_ps(mask(count), from) })
    }

    #[inline(always)]
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    /// A permutation takes the lower half of each lane of two registers.
    #[inline(always)]
    fn shorten(self, from: &[f32; 32], factor: f32, to: &mut [f32; 16]) {
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
        // SAFETY: the token proves the instructions; `from` is as long as two registers, the others as one.
        unsafe {
            let (factor, round) = (_mm512_set1_ps(factor), _mm512_set1_ps(ROUND));
            let low = _mm512_fmadd_ps(_mm512_loadu_ps(from.as_ptr()), factor, round);
            let high = _mm512_fmadd_ps(_mm512_loadu_ps(from.as_ptr().add(16)), factor, round);
            let lower = _mm512_loadu_si512(LOWER.as_ptr().cast());
            let shorts = _mm512_permutex2var_epi16(_mm512_castps_si512(low), lower, _mm512_castps_si512(high));
            _mm512_storeu_si512(to.as_mut_ptr().cast(), shorts);
        }
    }
}

impl Arch for Avx512Bf16 {
    type V = F32x16;
    const TILE_ROWS: [usize; 3] = Avx512::TILE_ROWS;

    #[inline(always)]
    fn outline(self, kernel: impl Kernel) {
        proven!(run_bf16(self, kernel))
    }

    #[inline(always)]
    fn splat(self, value: f32) -> F32x16 {
        self.base.splat(value)
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> F32x16 {
        // SAFETY: the caller answers for sixteen floats.
        unsafe { self.base.load(from) }
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> F32x16 {
        // SAFETY: the caller answers for `count` floats.
        unsafe { self.base.load_first(from, count) }
    }

    #[inline(always)]
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn dot_pairs(self, a: F32x16, b: F32x16, sum: F32x16) -> F32x16 {
        // SAFETY: the token proves the instruction; both types are 64 bytes.
        F32x16(unsafe {
            _mm512_dpbf16_ps(
                sum.0,
                std::mem::transmute::<__m512, __m512bh>(a.0),
                std::mem::transmute::<__m512, __m512bh>(b.0),
            )
        })
    }

    /// The instruction takes subnormal numbers for zeros.
    #[inline(always)]
    fn narrow(self, from: &[f32; 32], to: &mut [f32; 16]) {
        // SAFETY: the token proves the instructions; both halves of `from` are as long as a register, which has 64 bytes as
        // sixteen floats have.
        unsafe {
            let (low, high) = (_mm512_loadu_ps(from.as_ptr()), _mm512_loadu_ps(from.as_ptr().add(16)));
            *to = std::mem::transmute::<__m512bh, [f32; 16]>(_mm512_cvtne2ps_pbh(high, low));
        }
    }

    #[inline(always)]
    fn dot_shorts(self, a: F32x16, b: F32x16, sum: F32x16) -> F32x16 {
        F32x16(proven!({
            let [a, b, sum] = [_mm512_castps_si512(a.0), _mm512_castps_si512(b.0), _mm512_castps_si512(sum.0)];
            _mm512_castsi512_ps(_mm512_dpwssd_epi32(sum, a, b))
        }))
    }

    #[inline(always)]
    fn shorten(self, from: &[f32; 32], factor: f32, to: &mut [f32; 16]) {
        self.base.shorten(from, factor, to);
    }

    /// `u / (1 + e^-u)` in place of each `u`, as exact as `COARSE_SILU_ERROR` says.
    #[inline(always)]
    fn silu(self, values: &mut [f32]) {
        let (vectors, rest) = values.as_chunks_mut();
        coarse_silu(self.base, vectors);
        for u in rest {
            *u /= sigmoid_divisor(self, *u);
        }
    }
}

impl Vector for F32x16 {
    const LANES: usize = 16;

    #[inline(always)]
    fn splat_like(self, value: f32) -> Self {
        Self(proven!(_mm512_set1_ps(value)))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller answers for sixteen floats, and the register for the instruction.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        // SAFETY: as in `store`; lanes outside the mask are not written.
        unsafe { _mm512_mask_storeu_ps(to, mask(count), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(proven!(_mm512_add_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(proven!(_mm512_sub_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, summand: Self) -> Self {
        Self(proven!(_mm512_fmadd_ps(self.0, factor.0, summand.0)))
    }

    #[inline(always)]
    fn dot_shorts(self, other: Self, sum: Self) -> Self {
        Self(proven!({
            let dot = _mm512_madd_epi16(_mm512_castps_si512(self.0), _mm512_castps_si512(other.0));
            _mm512_castsi512_ps(_mm512_add_epi32(dot, _mm512_castps_si512(sum.0)))
        }))
    }

    #[inline(always)]
    fn integers_as_floats(self) -> Self {
        Self(proven!(_mm512_cvtepi32_ps(_mm512_castps_si512(self.0))))
    }

    #[inline(always)]
    fn halves(self) -> (Self, Self) {
        proven!({
            let bits = _mm512_castps_si512(self.0);
            let upper = _mm512_and_si512(bits, _mm512_set1_epi32(0xffff_0000_u32 as i32));
            (Self(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(bits))), Self(_mm512_castsi512_ps(upper)))
        })
    }
}

/// Largest error of [`coarse_silu`], relative to its argument: a sixteenth of what rounding to bf16 is.
#[cfg(test)]
pub(in crate::simd) const COARSE_SILU_ERROR: f64 = 1.25e-4;

/// Pieces of [`PARABOLAS`], four for each octave of `1 + a`, from 1 to 16.
const PIECES: usize = 16;

/// The largest float below 15, the end of the last piece.
const LARGEST: f32 = 14.999_999;

/// The parabola of least error in each piece, lowest power of `a` first. The pieces from `1 + a = 2` on come first and
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
#[inline(always)]
fn coarse_silu(_: Avx512, values: &mut [[f32; 16]]) {
    // SAFETY: the token proves the instructions; each chunk is as long as a register, and so is each row of the table.
    unsafe {
        let constant = _mm512_loadu_ps(PARABOLAS[0].as_ptr());
        let linear = _mm512_loadu_ps(PARABOLAS[1].as_ptr());
        let square = _mm512_loadu_ps(PARABOLAS[2].as_ptr());
        for chunk in values {
            let u = _mm512_loadu_ps(chunk.as_ptr());
            let size = _mm512_abs_ps(u);
            // With NaN and a number, this gives the second operand.
            let a = _mm512_min_ps(size, _mm512_set1_ps(LARGEST));
            let bits = _mm512_castps_si512(_mm512_add_ps(a, _mm512_set1_ps(1.0)));
            // A permutation reads four bits.
            let piece = _mm512_srli_epi32::<21>(bits);
            let slope = _mm512_fmadd_ps(a, _mm512_permutexvar_ps(piece, square), _mm512_permutexvar_ps(piece, linear));
            let h = _mm512_fmadd_ps(a, slope, _mm512_permutexvar_ps(piece, constant));
            let half = _mm512_mul_ps(u, _mm512_set1_ps(0.5));
            _mm512_storeu_ps(chunk.as_mut_ptr(), _mm512_fmadd_ps(size, h, half));
        }
    }
}
