//! Instruction sets: what differs between the instances of a kernel.
//!
//! A value of an [`Arch`] is a token: it can only be had from a detection that has found the instructions on this machine
//! (`Avx2::detect` and its like). Vectors are made through a token, and never without one, so that safe code cannot
//! execute an instruction that the machine may lack.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
pub(super) mod pairs;
mod plain;
pub(super) mod sigmoid;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(all(test, target_arch = "x86_64"))]
pub(super) use avx512::COARSE_SILU_ERROR;
#[cfg(target_arch = "x86_64")]
pub use avx512::{Avx512, Avx512Bf16};
#[cfg(target_arch = "aarch64")]
pub use neon::Neon;
pub use plain::Plain;

use std::mem::MaybeUninit;

use pairs::{ROUND, narrow_pair, shorts_pair};
use sigmoid::sigmoid_divisor;

/// A kernel: its arguments, and code that is compiled for each level. `run` must be `#[inline(always)]`, else its code
/// is compiled without the level's instructions.
pub trait Kernel {
    /// The kernel's code.
    fn run<A: Arch>(self, arch: A);
}

mod sealed {
    pub trait Sealed {}
}

/// An instruction set, and the proof that this machine has it.
///
/// It is sealed: kernels rely on the constants for the bounds of what they read and write.
pub trait Arch: Copy + sealed::Sealed {
    /// The widest register of floats.
    type V: Vector;

    /// Rows of a matrix product's tile that is 1, 2 or 3 vectors wide: as many as keep its sums in registers.
    const TILE_ROWS: [usize; 3];

    /// Whether an instruction multiplies by one lane of a register: [`Arch::splat_four`] is then a load and nothing else.
    const BY_ELEMENT: bool = false;

    /// Runs a kernel as a function of its own, compiled with these instructions: its registers are allocated for it alone.
    fn outline(self, kernel: impl Kernel);

    /// `value` in every lane.
    fn splat(self, value: f32) -> Self::V;

    /// Four floats that follow each other, each in every lane of a vector of its own.
    ///
    /// # Safety
    /// `from` must be valid for reading four floats.
    #[inline(always)]
    unsafe fn splat_four(self, from: *const f32) -> [Self::V; 4] {
        // SAFETY: the caller answers for four floats.
        let four = unsafe { from.cast::<[f32; 4]>().read_unaligned() };
        [self.splat(four[0]), self.splat(four[1]), self.splat(four[2]), self.splat(four[3])]
    }

    /// # Safety
    /// `from` must be valid for reading as many floats as there are lanes.
    unsafe fn load(self, from: *const f32) -> Self::V;

    /// The first `count` lanes from memory, zeros in the others; nothing behind them is read.
    ///
    /// # Safety
    /// `from` must be valid for reading `count` floats, at most as many as there are lanes.
    unsafe fn load_first(self, from: *const f32, count: usize) -> Self::V;

    /// As [`Arch::load_first`], and faster where it is all lanes.
    ///
    /// # Safety
    /// As [`Arch::load_first`].
    #[inline(always)]
    unsafe fn load_some(self, from: *const f32, count: usize) -> Self::V {
        // SAFETY: the caller answers for `count` floats, which are all lanes where `load` reads them.
        unsafe { if count == Self::V::LANES { self.load(from) } else { self.load_first(from, count) } }
    }

    /// `a · b + c`, fused where there is an instruction for it.
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32;

    /// `sum + a₀ · b₀ + a₁ · b₁` where a lane of `a` and of `b` holds two bf16 numbers, the first in its lower half.
    #[inline(always)]
    fn dot_pairs(self, a: Self::V, b: Self::V, sum: Self::V) -> Self::V {
        let ((a0, a1), (b0, b1)) = (a.halves(), b.halves());
        a1.mul_add(b1, a0.mul_add(b0, sum))
    }

    /// Rounds 32 floats to bf16, two in the place of one, the first in the lower half.
    #[inline(always)]
    fn narrow(self, from: &[f32; 32], to: &mut [f32; 16]) {
        for (to, from) in to.iter_mut().zip(from.as_chunks().0) {
            *to = narrow_pair(*from);
        }
    }

    /// [`Arch::dot_pairs`] of integers: lanes of `a` and of `b` hold two of 16 bits, lanes of `sum` one of 32.
    #[inline(always)]
    fn dot_shorts(self, a: Self::V, b: Self::V, sum: Self::V) -> Self::V {
        a.dot_shorts(b, sum)
    }

    /// Rounds 32 floats, times a factor, to integers of 16 bits, two in the place of one, the first in the lower half. None
    /// may be out of their range.
    #[inline(always)]
    fn shorten(self, from: &[f32; 32], factor: f32, to: &mut [f32; 16]) {
        for (to, from) in to.iter_mut().zip(from.as_chunks::<2>().0) {
            *to = shorts_pair(from.map(|value| self.mul_add(value, factor, ROUND)));
        }
    }

    /// `u / (1 + e^-u)` in place of each `u`, as exact as what [`super::Level::run_pairs`] multiplies where that runs it.
    #[inline(always)]
    fn silu(self, values: &mut [f32]) {
        for u in values {
            *u /= sigmoid_divisor(self, *u);
        }
    }
}

/// A register of floats. A value of one proves that the machine has the instructions of its methods, since only a token
/// makes one.
///
/// In memory it is its lanes and nothing else.
pub trait Vector: Copy + sealed::Sealed {
    /// Floats that it holds: a power of two, from [`FEWEST_LANES`] to [`MOST_LANES`].
    const LANES: usize;

    /// `value` in every lane.
    fn splat_like(self, value: f32) -> Self;

    /// # Safety
    /// `to` must be valid for writing `LANES` floats.
    unsafe fn store(self, to: *mut f32);

    /// Stores the first `count` lanes; nothing behind them is written.
    ///
    /// # Safety
    /// `to` must be valid for writing `count` floats, at most `LANES`.
    unsafe fn store_first(self, to: *mut f32, count: usize);

    /// As [`Vector::store_first`], and faster where it is all lanes.
    ///
    /// # Safety
    /// As [`Vector::store_first`].
    #[inline(always)]
    unsafe fn store_some(self, to: *mut f32, count: usize) {
        // SAFETY: the caller answers for `count` floats, which are all lanes where `store` writes them.
        unsafe { if count == Self::LANES { self.store(to) } else { self.store_first(to, count) } }
    }

    /// `self + other`
    fn add(self, other: Self) -> Self;

    /// `self - other`
    fn sub(self, other: Self) -> Self;

    /// `self · factor + summand`, fused where there is an instruction for it.
    fn mul_add(self, factor: Self, summand: Self) -> Self;

    /// `sum + self₀ · other₀ + self₁ · other₁` in integers: lanes of `self` and of `other` hold two of 16 bits, of which no
    /// product of two is more than 2³⁰, and lanes of `sum` one of 32.
    fn dot_shorts(self, other: Self, sum: Self) -> Self;

    /// The float of each lane's integer of 32 bits.
    fn integers_as_floats(self) -> Self;

    /// The bf16 numbers in the lower halves of the lanes, and those in the upper halves.
    fn halves(self) -> (Self, Self);
}

/// Fewest lanes that a level may have: kernels make arrays of sums as long as it asks for.
pub const FEWEST_LANES: usize = 4;

/// Most lanes that a level may have: blocks of this many floats are whole vectors at every level.
pub const MOST_LANES: usize = 32;

/// The lanes of some vectors, one vector after the other.
#[inline(always)]
pub fn lanes_of<V: Vector>(vectors: &mut [V]) -> &mut [f32] {
    const { assert!(size_of::<V>() == V::LANES * size_of::<f32>()) }
    // SAFETY: a vector is its lanes and nothing else, of which any bits are a float.
    unsafe { std::slice::from_raw_parts_mut(vectors.as_mut_ptr().cast(), vectors.len() * V::LANES) }
}

/// Memory for vectors, to be written through a pointer, without their alignment: a function that aligns its stack has a
/// register less, and a product's tile of 12 × 2 vectors takes 1.2 × the time for it (Zen 5).
#[repr(C, packed(4))]
pub struct Unaligned<T>(T);

impl<T> Unaligned<T> {
    /// Memory that holds nothing yet.
    #[inline(always)]
    pub fn uninit() -> MaybeUninit<Self> {
        MaybeUninit::uninit()
    }
}
