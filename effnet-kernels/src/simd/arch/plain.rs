//! Plain code: what the compiler makes of loops over arrays, with the instructions that every CPU of the target has.

use super::sealed::Sealed;
use super::{Arch, Kernel, Vector};

/// Vectors of `LANES` floats without instructions of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Plain<const LANES: usize>;

/// `LANES` floats.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Lanes<const LANES: usize>([f32; LANES]);

impl<const LANES: usize> Sealed for Plain<LANES> {}
impl<const LANES: usize> Sealed for Lanes<LANES> {}

#[inline(never)]
fn run<const LANES: usize>(kernel: impl Kernel) {
    kernel.run(Plain::<LANES>);
}

impl<const LANES: usize> Arch for Plain<LANES> {
    type V = Lanes<LANES>;
    const TILE_ROWS: [usize; 3] = [6, 4, 2];

    #[inline(always)]
    fn outline(self, kernel: impl Kernel) {
        run::<LANES>(kernel);
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::V {
        Lanes([value; LANES])
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> Self::V {
        // SAFETY: the caller answers for `LANES` floats.
        Lanes(unsafe { from.cast::<[f32; LANES]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> Self::V {
        // SAFETY: the caller answers for `count` floats; no other is read.
        Lanes(std::array::from_fn(|lane| if lane < count { unsafe { *from.add(lane) } } else { 0.0 }))
    }

    #[inline(always)]
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32 {
        // `f32::mul_add` would call a function of the C library here.
        a * b + c
    }
}

impl<const LANES: usize> Lanes<LANES> {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|lane| f(self.0[lane], other.0[lane])))
    }
}

impl<const LANES: usize> Vector for Lanes<LANES> {
    const LANES: usize = LANES;

    #[inline(always)]
    fn splat_like(self, value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller answers for `LANES` floats.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        for (lane, value) in self.0.into_iter().enumerate().take(count) {
            // SAFETY: the caller answers for `count` floats.
            unsafe { *to.add(lane) = value }
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, summand: Self) -> Self {
        // `f32::mul_add` would call a function of the C library here.
        self.zip(factor, |a, b| a * b).add(summand)
    }

    #[inline(always)]
    fn dot_shorts(self, other: Self, sum: Self) -> Self {
        let halves = |lane: f32| [lane.to_bits() as i16, (lane.to_bits() >> 16) as i16].map(i32::from);
        let dot = self.zip(other, |a, b| {
            let ([a0, a1], [b0, b1]) = (halves(a), halves(b));
            f32::from_bits((a0 * b0 + a1 * b1) as u32)
        });
        dot.zip(sum, |dot, sum| f32::from_bits(dot.to_bits().wrapping_add(sum.to_bits())))
    }

    #[inline(always)]
    fn integers_as_floats(self) -> Self {
        Self(self.0.map(|lane| (lane.to_bits() as i32) as f32))
    }

    #[inline(always)]
    fn halves(self) -> (Self, Self) {
        let of = |f: fn(u32) -> u32| Self(self.0.map(|lane| f32::from_bits(f(lane.to_bits()))));
        (of(|bits| bits << 16), of(|bits| bits & 0xffff_0000))
    }
}
