//! What the levels do each in their own way.

use super::vector::{self, Vector};
use super::{Kernel, narrow_pair, run_portable, shorten_pair, silu};
#[cfg(target_arch = "x86_64")]
use super::{run_avx2, run_avx512, run_avx512_bf16, shorts};

/// What differs between the instances of a kernel.
pub trait Arch: Sized {
    /// The level's widest register of floats.
    type V: Vector;

    /// Rows of a matrix product's tile that is 1, 2 or 3 vectors wide: as many as keep its sums in registers.
    const TILE_ROWS: [usize; 3];

    /// `a · b + c`, fused where the level has an instruction for it.
    fn mul_add(a: f32, b: f32, c: f32) -> f32;

    /// `sum + a₀ · b₀ + a₁ · b₁` where a lane of `a` and of `b` holds two bf16 numbers, the first in its lower half.
    #[inline(always)]
    fn dot_pairs(a: Self::V, b: Self::V, sum: Self::V) -> Self::V {
        let ((a0, a1), (b0, b1)) = (a.halves(), b.halves());
        a1.mul_add(b1, a0.mul_add(b0, sum))
    }

    /// Rounds 32 floats to bf16, two in the place of one, the first in the lower half.
    #[inline(always)]
    fn narrow(from: &[f32; 32], to: &mut [f32; 16]) {
        for (to, from) in to.iter_mut().zip(from.as_chunks().0) {
            *to = narrow_pair(*from);
        }
    }

    /// As [`Arch::dot_pairs`] of integers: lanes of `a` and of `b` hold two of 16 bits, those of `sum` one of 32.
    #[inline(always)]
    fn dot_shorts(a: Self::V, b: Self::V, sum: Self::V) -> Self::V {
        a.dot_shorts(b, sum)
    }

    /// Rounds 32 floats, times a factor, to integers of 16 bits, two in the place of one, the first in the lower half. None
    /// may be out of their range.
    #[inline(always)]
    fn shorten(from: &[f32; 32], factor: f32, to: &mut [f32; 16]) {
        for (to, from) in to.iter_mut().zip(from.as_chunks().0) {
            *to = shorten_pair::<Self>(*from, factor);
        }
    }

    /// `u / (1 + e^-u)` in place of each `u`, as exact as what [`super::Level::run_pairs`] multiplies where that runs it.
    #[inline(always)]
    fn silu(values: &mut [f32]) {
        silu::by_definition::<Self>(values);
    }

    /// Runs a kernel as a function of its own, so that its registers are allocated for it alone.
    ///
    /// # Safety
    /// To be called from a kernel's instance for this level, which proves that the machine has it.
    unsafe fn outline(kernel: impl Kernel);
}

/// No vector instructions beyond those that every CPU of the target has.
pub struct Portable;

impl Arch for Portable {
    type V = vector::Four;
    const TILE_ROWS: [usize; 3] = [6, 4, 2];

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        // `f32::mul_add` would call a function of the C library here.
        a * b + c
    }

    #[inline(always)]
    unsafe fn outline(kernel: impl Kernel) {
        run_portable(kernel);
    }
}

/// AVX2 and FMA: sixteen registers of eight floats.
#[cfg(target_arch = "x86_64")]
pub(super) struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Arch for Avx2 {
    type V = std::arch::x86_64::__m256;
    const TILE_ROWS: [usize; 3] = [8, 6, 3];

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    unsafe fn outline(kernel: impl Kernel) {
        // SAFETY: the caller's promise.
        unsafe { run_avx2(kernel) }
    }
}

/// AVX-512: thirty-two registers of sixteen floats.
#[cfg(target_arch = "x86_64")]
pub(super) struct Avx512;

#[cfg(target_arch = "x86_64")]
impl Arch for Avx512 {
    type V = std::arch::x86_64::__m512;
    const TILE_ROWS: [usize; 3] = [12, 12, 8];

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn shorten(from: &[f32; 32], factor: f32, to: &mut [f32; 16]) {
        // SAFETY: kernels' instances for this level alone call it.
        unsafe { shorts::shorten(from, factor, to) }
    }

    #[inline(always)]
    unsafe fn outline(kernel: impl Kernel) {
        // SAFETY: the caller's promise.
        unsafe { run_avx512(kernel) }
    }
}

/// AVX-512 with the instructions that [`Arch::dot_pairs`], [`Arch::dot_shorts`] and [`Arch::narrow`] are: what
/// [`super::Level::run_pairs`] runs, and nothing else.
#[cfg(target_arch = "x86_64")]
pub(super) struct Avx512Bf16;

#[cfg(target_arch = "x86_64")]
impl Arch for Avx512Bf16 {
    type V = std::arch::x86_64::__m512;
    const TILE_ROWS: [usize; 3] = Avx512::TILE_ROWS;

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn dot_pairs(a: Self::V, b: Self::V, sum: Self::V) -> Self::V {
        use std::arch::x86_64::{__m512bh, _mm512_dpbf16_ps};
        // SAFETY: values of this type are made inside a kernel's instance for this level only; both types are 64 bytes.
        unsafe {
            _mm512_dpbf16_ps(
                sum,
                std::mem::transmute::<Self::V, __m512bh>(a),
                std::mem::transmute::<Self::V, __m512bh>(b),
            )
        }
    }

    /// The instruction takes subnormal numbers for zeros.
    #[inline(always)]
    fn narrow(from: &[f32; 32], to: &mut [f32; 16]) {
        use std::arch::x86_64::{_mm512_cvtne2ps_pbh, _mm512_loadu_ps};
        // SAFETY: kernels' instances for this level alone call it; both halves of `from` are as long as a register.
        unsafe {
            let (low, high) = (_mm512_loadu_ps(from.as_ptr()), _mm512_loadu_ps(from.as_ptr().add(16)));
            *to = std::mem::transmute::<std::arch::x86_64::__m512bh, [f32; 16]>(_mm512_cvtne2ps_pbh(high, low));
        }
    }

    #[inline(always)]
    fn silu(values: &mut [f32]) {
        let (vectors, rest) = values.as_chunks_mut();
        // SAFETY: kernels' instances for this level alone call it.
        unsafe { silu::coarse(vectors) }
        silu::by_definition::<Self>(rest);
    }

    #[inline(always)]
    fn dot_shorts(a: Self::V, b: Self::V, sum: Self::V) -> Self::V {
        use std::arch::x86_64::{_mm512_castps_si512, _mm512_castsi512_ps, _mm512_dpwssd_epi32};
        // SAFETY: values of this type are made inside a kernel's instance for this level only.
        unsafe {
            let [a, b, sum] = [_mm512_castps_si512(a), _mm512_castps_si512(b), _mm512_castps_si512(sum)];
            _mm512_castsi512_ps(_mm512_dpwssd_epi32(sum, a, b))
        }
    }

    #[inline(always)]
    fn shorten(from: &[f32; 32], factor: f32, to: &mut [f32; 16]) {
        // SAFETY: kernels' instances for this level alone call it.
        unsafe { shorts::shorten(from, factor, to) }
    }

    #[inline(always)]
    unsafe fn outline(kernel: impl Kernel) {
        // SAFETY: the caller's promise.
        unsafe { run_avx512_bf16(kernel) }
    }
}
