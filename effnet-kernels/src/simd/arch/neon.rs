//! NEON: thirty-two registers of four floats, two of which make a vector.

use std::arch::aarch64::*;

use super::sealed::Sealed;
use super::{Arch, Kernel, Vector};

/// Proof that the machine has NEON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Neon {
    _private: (),
}

/// Two registers, as wide as one of AVX2's: what kernels keep in sixteen of those fits into the thirty-two. A value proves
/// what a token does.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct F32x4x2(float32x4_t, float32x4_t);

impl Sealed for Neon {}
impl Sealed for F32x4x2 {}

impl Neon {
    /// The token, where the machine has the instructions: every one that runs 64-bit Linux, macOS or Windows.
    pub fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self { _private: () })
    }
}

/// Calls intrinsics on registers, in a method of the token or of a register.
macro_rules! proven {
    ($calls:expr) => {
        // SAFETY: the token, or the one that made the register, was made by a detection of NEON.
        unsafe { $calls }
    };
}

#[inline(never)]
#[target_feature(enable = "neon")]
fn run(arch: Neon, kernel: impl Kernel) {
    kernel.run(arch);
}

/// The first `count` of four floats, or all, zeros in the other lanes.
///
/// # Safety
/// `from` must be valid for reading `count` floats, of which four at most are read.
#[inline(always)]
unsafe fn load_four(_: Neon, from: *const f32, count: usize) -> float32x4_t {
    // SAFETY: the caller answers for the floats, and the token for the instructions.
    unsafe {
        let zero = vdupq_n_f32(0.0);
        match count {
            0 => zero,
            1 => vld1q_lane_f32::<0>(from, zero),
            2 => vcombine_f32(vld1_f32(from), vdup_n_f32(0.0)),
            3 => vld1q_lane_f32::<2>(from.add(2), vcombine_f32(vld1_f32(from), vdup_n_f32(0.0))),
            _ => vld1q_f32(from),
        }
    }
}

/// Stores the first `count` of four floats, or all.
///
/// # Safety
/// `to` must be valid for writing `count` floats, of which four at most are written, and a token have made the register.
#[inline(always)]
unsafe fn store_four(to: *mut f32, values: float32x4_t, count: usize) {
    // SAFETY: the caller answers for the floats and the instructions.
    unsafe {
        match count {
            0 => {}
            1 => vst1q_lane_f32::<0>(to, values),
            2 => vst1_f32(to, vget_low_f32(values)),
            3 => {
                vst1_f32(to, vget_low_f32(values));
                vst1q_lane_f32::<2>(to.add(2), values);
            }
            _ => vst1q_f32(to, values),
        }
    }
}

impl Arch for Neon {
    type V = F32x4x2;
    // With a row more, the sums, a register for each row and a row of the panel are more than thirty-two.
    const TILE_ROWS: [usize; 3] = [9, 5, 3];
    const BY_ELEMENT: bool = true;

    #[inline(always)]
    fn outline(self, kernel: impl Kernel) {
        proven!(run(self, kernel))
    }

    #[inline(always)]
    fn splat(self, value: f32) -> F32x4x2 {
        let four = proven!(vdupq_n_f32(value));
        F32x4x2(four, four)
    }

    /// The floats stay where a single load leaves them: a multiplication names the lane that it is by.
    #[inline(always)]
    unsafe fn splat_four(self, from: *const f32) -> [F32x4x2; 4] {
        // SAFETY: the caller answers for four floats, and the token for the instructions.
        let lanes = unsafe {
            let four = vld1q_f32(from);
            [
                vdupq_laneq_f32::<0>(four),
                vdupq_laneq_f32::<1>(four),
                vdupq_laneq_f32::<2>(four),
                vdupq_laneq_f32::<3>(four),
            ]
        };
        [
            F32x4x2(lanes[0], lanes[0]),
            F32x4x2(lanes[1], lanes[1]),
            F32x4x2(lanes[2], lanes[2]),
            F32x4x2(lanes[3], lanes[3]),
        ]
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> F32x4x2 {
        // SAFETY: the caller answers for eight floats, and the token for the instructions.
        unsafe { F32x4x2(vld1q_f32(from), vld1q_f32(from.add(4))) }
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> F32x4x2 {
        // SAFETY: the caller answers for `count` floats.
        unsafe { F32x4x2(load_four(self, from, count), load_four(self, from.wrapping_add(4), count.saturating_sub(4))) }
    }

    #[inline(always)]
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

impl F32x4x2 {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) -> Self {
        Self(f(self.0, other.0), f(self.1, other.1))
    }

    #[inline(always)]
    fn map(self, f: impl Fn(float32x4_t) -> float32x4_t) -> Self {
        Self(f(self.0), f(self.1))
    }
}

impl Vector for F32x4x2 {
    const LANES: usize = 8;

    #[inline(always)]
    fn splat_like(self, value: f32) -> Self {
        self.map(|_| proven!(vdupq_n_f32(value)))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller answers for eight floats, and the register for the instructions.
        unsafe {
            vst1q_f32(to, self.0);
            vst1q_f32(to.add(4), self.1);
        }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        // SAFETY: the caller answers for `count` floats, and the register for the instructions.
        unsafe {
            store_four(to, self.0, count);
            store_four(to.wrapping_add(4), self.1, count.saturating_sub(4));
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| proven!(vaddq_f32(a, b)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| proven!(vsubq_f32(a, b)))
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, summand: Self) -> Self {
        Self(proven!(vfmaq_f32(summand.0, self.0, factor.0)), proven!(vfmaq_f32(summand.1, self.1, factor.1)))
    }

    #[inline(always)]
    fn dot_shorts(self, other: Self, sum: Self) -> Self {
        let dot = self.zip(other, |a, b| {
            proven!({
                let (a, b) = (vreinterpretq_s16_f32(a), vreinterpretq_s16_f32(b));
                let low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
                vreinterpretq_f32_s32(vpaddq_s32(low, vmull_high_s16(a, b)))
            })
        });
        dot.zip(sum, |dot, sum| {
            proven!(vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(dot), vreinterpretq_s32_f32(sum))))
        })
    }

    #[inline(always)]
    fn integers_as_floats(self) -> Self {
        self.map(|lanes| proven!(vcvtq_f32_s32(vreinterpretq_s32_f32(lanes))))
    }

    #[inline(always)]
    fn halves(self) -> (Self, Self) {
        let low = |lanes| proven!(vreinterpretq_f32_u32(vshlq_n_u32::<16>(vreinterpretq_u32_f32(lanes))));
        let high =
            |lanes| proven!(vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(lanes), vdupq_n_u32(0xffff_0000))));
        (self.map(low), self.map(high))
    }
}
