//! The innermost loop: a few rows times one panel, with all sums in registers.
//!
//! ```text
//! for each tile of the strip:
//!     sums[r][..] = bias, or what `out` holds
//!     for k: sums[r][..] += a[r][k] · panel[k][..]        a[r][k] broadcast from memory as it lies, the panel packed
//!     out[r][..] = sums[r][..], or f(sums[r][..]) + residual[r][..]
//! ```

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use effnet_spec::Activation;

use crate::activation::{Function, with_function};
use crate::simd::{Arch, Kernel, Vector};

/// What a step of the depth multiplies: what a float of `a` and of the panel holds.
pub(super) trait Step {
    /// `sum + x · weights`
    fn add<A: Arch>(x: A::V, weights: A::V, sum: A::V) -> A::V;
}

/// A number in f32.
pub(super) struct Single;

impl Step for Single {
    #[inline(always)]
    fn add<A: Arch>(x: A::V, weights: A::V, sum: A::V) -> A::V {
        x.mul_add(weights, sum)
    }
}

/// Two numbers in bf16.
pub(super) struct Pair;

impl Step for Pair {
    #[inline(always)]
    fn add<A: Arch>(x: A::V, weights: A::V, sum: A::V) -> A::V {
        A::dot_pairs(x, weights, sum)
    }
}

/// Two integers of 16 bits; sums are integers too.
pub(super) struct Shorts;

impl Step for Shorts {
    #[inline(always)]
    fn add<A: Arch>(x: A::V, weights: A::V, sum: A::V) -> A::V {
        A::dot_shorts(x, weights, sum)
    }
}

/// Sums of the largest tile, in floats: 12 rows of 2 vectors of 16.
const MOST_SUMS: usize = 384;

/// Steps of the depth between two updates of the addresses.
const UNROLLED: usize = 4;

/// Where a strip's first tile lies in memory, and what happens to its sums.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The first row's first element, and floats between rows.
    pub a: *const f32,
    pub a_row: usize,
    /// The depth is `segments` runs of `run` floats, `segment_stride` apart in `a`.
    pub segments: usize,
    pub run: usize,
    pub segment_stride: usize,
    pub panel: *const f32,
    pub bias: *const f32,
    pub out: *mut f32,
    pub out_row: usize,
    /// Null for none.
    pub residual: *const f32,
    pub residual_row: usize,
    /// Columns that exist, at most the panel's width.
    pub columns: usize,
    pub activation: Option<Activation>,
    /// Whether these are the first steps of the depth, else sums go on from `out`; and the last, else they wait there.
    pub first: bool,
    pub last: bool,
}

/// Tiles of `ROWS` rows and `VECTORS` vectors, one below the other.
pub(super) struct Strip<S, const ROWS: usize, const VECTORS: usize> {
    pub place: Place,
    pub tiles: usize,
    pub step: PhantomData<S>,
}

impl<S: Step, const ROWS: usize, const VECTORS: usize> Kernel for Strip<S, ROWS, VECTORS> {
    #[inline(always)]
    fn run<A: Arch>(self) {
        let mut place = self.place;
        for _ in 0..self.tiles {
            // SAFETY: `Job::run` has measured every extent that is accessed here: for each tile `ROWS` rows of
            // `segments · run` floats of `a`, as many rows of the panel, and `ROWS` rows of `columns` floats of `out` and of
            // the residual.
            unsafe { tile::<A, S, ROWS, VECTORS>(&place) }
            place.a = place.a.wrapping_add(ROWS * place.a_row);
            place.out = place.out.wrapping_add(ROWS * place.out_row);
            if !place.residual.is_null() {
                place.residual = place.residual.wrapping_add(ROWS * place.residual_row);
            }
        }
    }
}

/// One tile.
///
/// # Safety
/// Every extent of the place must be valid: see [`Strip`].
#[inline(always)]
unsafe fn tile<A: Arch, S: Step, const ROWS: usize, const VECTORS: usize>(place: &Place) {
    let lanes = A::V::LANES;
    // SAFETY: the caller's promise.
    unsafe {
        // Loops rather than `array::from_fn` wherever vectors are touched: its closures are not sure to be inlined, and
        // outside of this function the level's instructions are calls.
        let mut sums = [[A::V::splat(0.0); VECTORS]; ROWS];
        let whole = place.columns == VECTORS * lanes;
        if place.first {
            for v in 0..VECTORS {
                let bias = A::V::load(place.bias.add(v * lanes));
                for row in &mut sums {
                    row[v] = bias;
                }
            }
        } else {
            for v in 0..VECTORS {
                let count = place.columns.saturating_sub(v * lanes).min(lanes);
                for r in 0..ROWS {
                    let out = place.out.wrapping_add(r * place.out_row + v * lanes);
                    sums[r][v] = if whole { A::V::load(out) } else { A::V::load_first(out, count) };
                }
            }
        }
        let mut panel = place.panel;
        for segment in 0..place.segments {
            // A base for three rows each: `p`, `p + s` and `p + 2s` are addresses that an instruction can form, so twelve
            // rows need four pointers and a stride.
            let mut bases = [place.a.wrapping_add(segment * place.segment_stride); 4];
            for (i, base) in bases.iter_mut().enumerate() {
                *base = base.wrapping_add(3 * i * place.a_row);
            }
            // Unrolled by hand: a step's addresses and loop counter take as long to issue as a third of its sums.
            let mut left = place.run;
            while left >= UNROLLED {
                for step in 0..UNROLLED {
                    let b = panel.add(step * VECTORS * lanes);
                    accumulate::<A, S, ROWS, VECTORS>(&mut sums, b, &bases, step, place.a_row);
                }
                panel = panel.add(UNROLLED * VECTORS * lanes);
                for base in &mut bases {
                    *base = base.wrapping_add(UNROLLED);
                }
                left -= UNROLLED;
            }
            for step in 0..left {
                accumulate::<A, S, ROWS, VECTORS>(&mut sums, panel, &bases, step, place.a_row);
                panel = panel.add(VECTORS * lanes);
            }
        }
        let plain = !place.last || (place.activation.is_none() && place.residual.is_null());
        if plain && whole {
            for r in 0..ROWS {
                for v in 0..VECTORS {
                    sums[r][v].store(place.out.add(r * place.out_row + v * lanes));
                }
            }
            return;
        }
        // The long end works on a copy in memory: were `sums` indexed at run time anywhere, the compiler would keep them in
        // memory throughout, which is three times slower.
        let mut copy = MaybeUninit::<[f32; MOST_SUMS]>::uninit();
        let copy = copy.as_mut_ptr().cast::<f32>();
        for r in 0..ROWS {
            for v in 0..VECTORS {
                sums[r][v].store(copy.add((r * VECTORS + v) * lanes));
            }
        }
        let values = std::slice::from_raw_parts_mut(copy, ROWS * VECTORS * lanes);
        // Of the smallest tiles the compiler inlines what is outlined, and makes scalars of activations for so few numbers.
        if !whole || ROWS * VECTORS <= 3 {
            A::outline(Finish { place, sums: values, vectors: VECTORS, plain });
            return;
        }
        if place.activation.is_some() {
            A::outline(Apply { place, sums: values });
        }
        for r in 0..ROWS {
            for v in 0..VECTORS {
                let mut value = A::V::load(copy.add((r * VECTORS + v) * lanes));
                if !place.residual.is_null() {
                    value = value.add(A::V::load(place.residual.add(r * place.residual_row + v * lanes)));
                }
                value.store(place.out.add(r * place.out_row + v * lanes));
            }
        }
    }
}

/// Applies the function to a tile's sums.
struct Apply<'a> {
    place: &'a Place,
    sums: &'a mut [f32],
}

impl Kernel for Apply<'_> {
    #[inline(always)]
    fn run<A: Arch>(self) {
        with_function!(self.place.activation, F => F::values::<A>(self.sums));
    }
}

/// One step of the depth: `sums[r] += a[r][step] · b`.
///
/// # Safety
/// As of [`tile`].
#[inline(always)]
unsafe fn accumulate<A: Arch, S: Step, const ROWS: usize, const VECTORS: usize>(
    sums: &mut [[A::V; VECTORS]; ROWS],
    b: *const f32,
    bases: &[*const f32; 4],
    step: usize,
    row: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut vectors = [A::V::splat(0.0); VECTORS];
        for v in 0..VECTORS {
            vectors[v] = A::V::load(b.add(v * A::V::LANES));
        }
        for r in 0..ROWS {
            let x = A::V::splat(*bases[r / 3].wrapping_add((r % 3) * row + step));
            for v in 0..VECTORS {
                sums[r][v] = S::add::<A>(x, vectors[v], sums[r][v]);
            }
        }
    }
}

/// Applies the function, adds the residual, unless the sums are to be kept `plain`, and stores. One function for tiles of
/// every height: it is compiled for every activation.
struct Finish<'a> {
    place: &'a Place,
    sums: &'a mut [f32],
    vectors: usize,
    plain: bool,
}

impl Kernel for Finish<'_> {
    #[inline(always)]
    fn run<A: Arch>(self) {
        let (place, lanes) = (self.place, A::V::LANES);
        with_function!(place.activation.filter(|_| !self.plain), F => {
            F::values::<A>(self.sums);
        });
        for (r, row) in self.sums.chunks_exact(self.vectors * lanes).enumerate() {
            for (v, value) in row.chunks_exact(lanes).enumerate() {
                let column = v * lanes;
                if column >= place.columns {
                    break;
                }
                let count = lanes.min(place.columns - column);
                // SAFETY: the columns up to `place.columns` of each row were measured by `Job::run`.
                unsafe {
                    let mut value = A::V::load(value.as_ptr());
                    let out = place.out.add(r * place.out_row + column);
                    if !self.plain && !place.residual.is_null() {
                        value = value.add(A::V::load_some(place.residual.add(r * place.residual_row + column), count));
                    }
                    value.store_some(out, count);
                }
            }
        }
    }
}
