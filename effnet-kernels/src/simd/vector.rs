//! Vectors of floats, for kernels that must decide what stays in registers.

/// A register of floats. Used inside a [`super::Kernel`] only, whose level has the instructions.
///
/// Methods that take a pointer are `unsafe`: the caller answers for the memory. The others are safe because a value's
/// type exists at a level that the machine has.
pub trait Vector: Copy {
    /// Floats that it holds.
    const LANES: usize;

    /// The same value in every lane.
    fn splat(value: f32) -> Self;

    /// # Safety
    /// `from` must be valid for reading `LANES` floats.
    unsafe fn load(from: *const f32) -> Self;

    /// # Safety
    /// `to` must be valid for writing `LANES` floats.
    unsafe fn store(self, to: *mut f32);

    /// The first `count` lanes from memory, zeros in the others; nothing behind them is read.
    ///
    /// # Safety
    /// `from` must be valid for reading `count` floats, at most `LANES`.
    unsafe fn load_first(from: *const f32, count: usize) -> Self;

    /// Stores the first `count` lanes; nothing behind them is written.
    ///
    /// # Safety
    /// `to` must be valid for writing `count` floats, at most `LANES`.
    unsafe fn store_first(self, to: *mut f32, count: usize);

    /// As [`Vector::load_first`], and faster where it is all lanes.
    ///
    /// # Safety
    /// As of [`Vector::load_first`].
    #[inline(always)]
    unsafe fn load_some(from: *const f32, count: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { if count == Self::LANES { Self::load(from) } else { Self::load_first(from, count) } }
    }

    /// As [`Vector::store_first`], and faster where it is all lanes.
    ///
    /// # Safety
    /// As of [`Vector::store_first`].
    #[inline(always)]
    unsafe fn store_some(self, to: *mut f32, count: usize) {
        // SAFETY: the caller's promise.
        unsafe { if count == Self::LANES { self.store(to) } else { self.store_first(to, count) } }
    }

    /// `self + other`
    fn add(self, other: Self) -> Self;

    /// `self - other`
    fn sub(self, other: Self) -> Self;

    /// `self · factor + summand`, fused where the level has an instruction for it.
    fn mul_add(self, factor: Self, summand: Self) -> Self;

    /// `sum + self₀ · other₀ + self₁ · other₁` in integers: lanes of `self` and of `other` hold two of 16 bits, of which no
    /// product of two is more than 2³⁰, and those of `sum` one of 32.
    fn dot_shorts(self, other: Self, sum: Self) -> Self;

    /// The float of each lane's integer of 32 bits.
    fn integers_as_floats(self) -> Self;

    /// Of lanes that hold two bf16 numbers, the one in the lower half, and the one in the upper.
    fn halves(self) -> (Self, Self);
}

/// [`Vector::LANES`] of the narrowest level.
pub const FEWEST_LANES: usize = Four::LANES;

/// Four floats, as plain code.
#[derive(Clone, Copy)]
pub struct Four([f32; 4]);

impl Four {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|lane| f(self.0[lane], other.0[lane])))
    }
}

impl Vector for Four {
    const LANES: usize = 4;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        // SAFETY: lanes below `count` are the caller's promise; the others are not read.
        Self(std::array::from_fn(|lane| if lane < count { unsafe { *from.add(lane) } } else { 0.0 }))
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        for (lane, value) in self.0.into_iter().enumerate().take(count) {
            // SAFETY: lanes below `count` are the caller's promise.
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
        // `f32::mul_add` would call a function of the C library at this level.
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

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Vector;

    /// A window of `count` ones at its start, for `count` in 0..=8: read from `MASK[8 - count..]`.
    static MASK: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

    #[inline(always)]
    fn mask8(count: usize) -> __m256i {
        let window = &MASK[8 - count..][..8];
        // SAFETY: the window has eight elements; AVX2 is the type's own level.
        unsafe { _mm256_loadu_si256(window.as_ptr().cast()) }
    }

    // SAFETY (of all intrinsics below): a value of these types is made inside a kernel only, which a `Level` runs that
    // has proved their features; pointers are the caller's promise.
    impl Vector for __m256 {
        const LANES: usize = 8;

        #[inline(always)]
        fn splat(value: f32) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_set1_ps(value) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: see above.
            unsafe { _mm256_storeu_ps(to, self) }
        }

        #[inline(always)]
        unsafe fn load_first(from: *const f32, count: usize) -> Self {
            // SAFETY: see above; lanes outside the mask are not accessed.
            unsafe { _mm256_maskload_ps(from, mask8(count)) }
        }

        #[inline(always)]
        unsafe fn store_first(self, to: *mut f32, count: usize) {
            // SAFETY: see above; lanes outside the mask are not accessed.
            unsafe { _mm256_maskstore_ps(to, mask8(count), self) }
        }

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_add_ps(self, other) }
        }

        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_sub_ps(self, other) }
        }

        #[inline(always)]
        fn mul_add(self, factor: Self, summand: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_fmadd_ps(self, factor, summand) }
        }

        #[inline(always)]
        fn dot_shorts(self, other: Self, sum: Self) -> Self {
            // SAFETY: see above.
            unsafe {
                let dot = _mm256_madd_epi16(_mm256_castps_si256(self), _mm256_castps_si256(other));
                _mm256_castsi256_ps(_mm256_add_epi32(dot, _mm256_castps_si256(sum)))
            }
        }

        #[inline(always)]
        fn integers_as_floats(self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_cvtepi32_ps(_mm256_castps_si256(self)) }
        }

        #[inline(always)]
        fn halves(self) -> (Self, Self) {
            // SAFETY: see above.
            unsafe {
                let bits = _mm256_castps_si256(self);
                let upper = _mm256_and_si256(bits, _mm256_set1_epi32(0xffff_0000_u32 as i32));
                (_mm256_castsi256_ps(_mm256_slli_epi32::<16>(bits)), _mm256_castsi256_ps(upper))
            }
        }
    }

    impl Vector for __m512 {
        const LANES: usize = 16;

        #[inline(always)]
        fn splat(value: f32) -> Self {
            // SAFETY: see above.
            unsafe { _mm512_set1_ps(value) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: see above.
            unsafe { _mm512_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: see above.
            unsafe { _mm512_storeu_ps(to, self) }
        }

        #[inline(always)]
        unsafe fn load_first(from: *const f32, count: usize) -> Self {
            // SAFETY: see above; lanes outside the mask are not accessed.
            unsafe { _mm512_maskz_loadu_ps(((1u32 << count) - 1) as u16, from) }
        }

        #[inline(always)]
        unsafe fn store_first(self, to: *mut f32, count: usize) {
            // SAFETY: see above; lanes outside the mask are not accessed.
            unsafe { _mm512_mask_storeu_ps(to, ((1u32 << count) - 1) as u16, self) }
        }

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm512_add_ps(self, other) }
        }

        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm512_sub_ps(self, other) }
        }

        #[inline(always)]
        fn mul_add(self, factor: Self, summand: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm512_fmadd_ps(self, factor, summand) }
        }

        #[inline(always)]
        fn dot_shorts(self, other: Self, sum: Self) -> Self {
            // SAFETY: see above.
            unsafe {
                let dot = _mm512_madd_epi16(_mm512_castps_si512(self), _mm512_castps_si512(other));
                _mm512_castsi512_ps(_mm512_add_epi32(dot, _mm512_castps_si512(sum)))
            }
        }

        #[inline(always)]
        fn integers_as_floats(self) -> Self {
            // SAFETY: see above.
            unsafe { _mm512_cvtepi32_ps(_mm512_castps_si512(self)) }
        }

        #[inline(always)]
        fn halves(self) -> (Self, Self) {
            // SAFETY: see above.
            unsafe {
                let bits = _mm512_castps_si512(self);
                let upper = _mm512_and_si512(bits, _mm512_set1_epi32(0xffff_0000_u32 as i32));
                (_mm512_castsi512_ps(_mm512_slli_epi32::<16>(bits)), _mm512_castsi512_ps(upper))
            }
        }
    }
}
