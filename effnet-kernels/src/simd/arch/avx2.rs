//! AVX2 and FMA: sixteen registers of eight floats.

use std::arch::x86_64::*;

use super::sealed::Sealed;
use super::{Arch, Kernel, Vector};

/// Proof that the machine has AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Avx2 {
    _private: (),
}

/// A register. A value proves what a token does.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F32x8(__m256);

impl Sealed for Avx2 {}
impl Sealed for F32x8 {}

impl Avx2 {
    /// The token, where the machine has the instructions.
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self { _private: () })
    }
}

/// Calls intrinsics on registers, in a method of the token or of a register.
macro_rules! proven {
    ($calls:expr) => {
        // SAFETY: the token, or the one that made the register, was made by a detection of AVX2 and FMA.
        unsafe { $calls }
    };
}

#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn run(arch: Avx2, kernel: impl Kernel) {
    kernel.run(arch);
}

/// Ones in the first `count` of 8 lanes.
#[inline(always)]
fn mask(_: Avx2, count: usize) -> __m256i {
    /// The window that starts at `8 - count` begins with `count` ones.
    static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    let window = &MASKS[8 - count..][..8];
    // SAFETY: the window has eight elements, and the token proves the instruction.
    unsafe { _mm256_loadu_si256(window.as_ptr().cast()) }
}

impl Arch for Avx2 {
    type V = F32x8;
    const TILE_ROWS: [usize; 3] = [8, 6, 3];

    #[inline(always)]
    fn outline(self, kernel: impl Kernel) {
        proven!(run(self, kernel))
    }

    #[inline(always)]
    fn splat(self, value: f32) -> F32x8 {
        F32x8(proven!(_mm256_set1_ps(value)))
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> F32x8 {
        // SAFETY: the caller answers for eight floats, and the token for the instruction.
        F32x8(unsafe { _mm256_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> F32x8 {
        // SAFETY: as in `load`; lanes outside the mask are not read.
        F32x8(unsafe { _mm256_maskload_ps(from, mask(self, count)) })
    }

    #[inline(always)]
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

impl Vector for F32x8 {
    const LANES: usize = 8;

    #[inline(always)]
    fn splat_like(self, value: f32) -> Self {
        Self(proven!(_mm256_set1_ps(value)))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller answers for eight floats, and the register for the instruction.
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        // SAFETY: as in `store`; lanes outside the mask are not written. A token made the register.
        unsafe { _mm256_maskstore_ps(to, mask(Avx2 { _private: () }, count), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(proven!(_mm256_add_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(proven!(_mm256_sub_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, summand: Self) -> Self {
        Self(proven!(_mm256_fmadd_ps(self.0, factor.0, summand.0)))
    }

    #[inline(always)]
    fn dot_shorts(self, other: Self, sum: Self) -> Self {
        Self(proven!({
            let dot = _mm256_madd_epi16(_mm256_castps_si256(self.0), _mm256_castps_si256(other.0));
            _mm256_castsi256_ps(_mm256_add_epi32(dot, _mm256_castps_si256(sum.0)))
        }))
    }

    #[inline(always)]
    fn integers_as_floats(self) -> Self {
        Self(proven!(_mm256_cvtepi32_ps(_mm256_castps_si256(self.0))))
    }

    #[inline(always)]
    fn halves(self) -> (Self, Self) {
        proven!({
            let bits = _mm256_castps_si256(self.0);
            let upper = _mm256_and_si256(bits, _mm256_set1_epi32(0xffff_0000_u32 as i32));
            (Self(_mm256_castsi256_ps(_mm256_slli_epi32::<16>(bits))), Self(_mm256_castsi256_ps(upper)))
        })
    }
}
