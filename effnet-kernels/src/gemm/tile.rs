//! The innermost loop: a few rows times one panel, with all sums in registers.
//!
//! ```text
//! for each tile of the strip:
//!     sums[r][..] = bias, or what `out` holds
//!     for k: sums[r][..] += a[r][k] · panel[k][..]        a[r][k] broadcast from memory as it lies, the panel packed
//!     out[r][..] = sums[r][..], or f(sums[r][..]) + residual[r][..]
//! ```

use std::marker::PhantomData;

use effnet_spec::Activation;

use crate::activation::{Function, with_function};
use crate::simd::{Arch, Kernel, Unaligned, Vector};

/// How a step of the depth multiplies, by what a float's place in `a` and in the panel holds.
pub(super) trait Dot {
    /// `sum + x · weights`
    fn add<A: Arch>(arch: A, x: A::V, weights: A::V, sum: A::V) -> A::V;
}

/// A number in f32.
pub(super) struct Single;

impl Dot for Single {
    #[inline(always)]
    fn add<A: Arch>(_: A, x: A::V, weights: A::V, sum: A::V) -> A::V {
        x.mul_add(weights, sum)
    }
}

/// Two numbers in bf16.
pub(super) struct Pair;

impl Dot for Pair {
    #[inline(always)]
    fn add<A: Arch>(arch: A, x: A::V, weights: A::V, sum: A::V) -> A::V {
        arch.dot_pairs(x, weights, sum)
    }
}

/// Two integers of 16 bits; sums are integers too.
pub(super) struct Shorts;

impl Dot for Shorts {
    #[inline(always)]
    fn add<A: Arch>(arch: A, x: A::V, weights: A::V, sum: A::V) -> A::V {
        arch.dot_shorts(x, weights, sum)
    }
}

/// Steps of the depth between two updates of the addresses.
const UNROLLED: usize = 4;

/// Where a strip's first tile lies in memory, and what happens to its sums.
///
/// For a strip of `tiles` tiles of `ROWS` rows and `VECTORS` vectors, all of these must be valid:
///
/// 1. reading row `r < tiles · ROWS` of `a` from `a + r · a_row`, in `segments` runs of `run` floats;
/// 2. reading `segments · run` rows of `VECTORS` vectors from `panel`, and one such row from `bias` where `first`;
/// 3. writing `columns` floats of each row from `out + r · out_row`, and reading them where not `first`;
/// 4. reading `columns` floats of each row from `residual + r · residual_row`, where it is not null and `last`.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// First float of the first row.
    pub a: *const f32,
    /// Floats from one row to the next.
    pub a_row: usize,
    /// Runs of a row.
    pub segments: usize,
    /// Floats of a run.
    pub run: usize,
    /// Floats from one run to the next.
    pub segment_stride: usize,
    /// First row of the panel.
    pub panel: *const f32,
    /// Bias of the panel's columns.
    pub bias: *const f32,
    /// First sum of the first row.
    pub out: *mut f32,
    /// Floats from one row of sums to the next.
    pub out_row: usize,
    /// The residual's first row; null for none.
    pub residual: *const f32,
    /// Floats from one row of the residual to the next.
    pub residual_row: usize,
    /// Columns that exist, at most the panel's width.
    pub columns: usize,
    /// Activation of the sums.
    pub activation: Option<Activation>,
    /// Whether these are the first steps of the depth: else sums go on from `out`.
    pub first: bool,
    /// Whether these are the last steps of the depth: else sums wait in `out`.
    pub last: bool,
}

/// Tiles of `ROWS` rows and `VECTORS` vectors, one below the other.
pub(super) struct Strip<D, const ROWS: usize, const VECTORS: usize> {
    place: Place,
    tiles: usize,
    dot: PhantomData<D>,
}

impl<D, const ROWS: usize, const VECTORS: usize> Strip<D, ROWS, VECTORS> {
    /// `tiles` tiles.
    ///
    /// # Safety
    /// All that [`Place`] lists must be valid until the strip has run.
    pub(super) unsafe fn new(place: Place, tiles: usize) -> Self {
        Self { place, tiles, dot: PhantomData }
    }
}

impl<D: Dot, const ROWS: usize, const VECTORS: usize> Kernel for Strip<D, ROWS, VECTORS> {
    #[inline(always)]
    fn run<A: Arch>(self, arch: A) {
        let mut place = self.place;
        for _ in 0..self.tiles {
            // SAFETY: `new`'s caller answers for `Place`'s obligations, of which each tile uses its rows'.
            unsafe { tile::<A, D, ROWS, VECTORS>(arch, &place) }
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
/// As [`Strip::new`], for one tile.
#[inline(always)]
unsafe fn tile<A: Arch, D: Dot, const ROWS: usize, const VECTORS: usize>(arch: A, place: &Place) {
    let lanes = A::V::LANES;
    // SAFETY: reads and writes are those that `Place` lists; `copy` has room for `ROWS · VECTORS` vectors, all written
    // before a slice is made of it.
    unsafe {
        // Loops rather than `array::from_fn` wherever vectors are touched: its closures are not sure to be inlined, and
        // outside of this function the level's instructions are calls.
        let mut sums = [[arch.splat(0.0); VECTORS]; ROWS];
        let whole = place.columns == VECTORS * lanes;
        if place.first {
            for v in 0..VECTORS {
                let bias = arch.load(place.bias.add(v * lanes));
                for row in &mut sums {
                    row[v] = bias;
                }
            }
        } else {
            for v in 0..VECTORS {
                let count = place.columns.saturating_sub(v * lanes).min(lanes);
                for r in 0..ROWS {
                    let out = place.out.wrapping_add(r * place.out_row + v * lanes);
                    sums[r][v] = if whole { arch.load(out) } else { arch.load_first(out, count) };
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
            if const { A::BY_ELEMENT } {
                let blocks = left / UNROLLED;
                accumulate_blocks::<A, D, ROWS, VECTORS>(arch, &mut sums, panel, bases[0], place.a_row, blocks);
                panel = panel.add(blocks * UNROLLED * VECTORS * lanes);
                for base in &mut bases {
                    *base = base.wrapping_add(blocks * UNROLLED);
                }
                left %= UNROLLED;
            }
            while left >= UNROLLED {
                for step in 0..UNROLLED {
                    let b = panel.add(step * VECTORS * lanes);
                    accumulate::<A, D, ROWS, VECTORS>(arch, &mut sums, b, &bases, step, place.a_row);
                }
                panel = panel.add(UNROLLED * VECTORS * lanes);
                for base in &mut bases {
                    *base = base.wrapping_add(UNROLLED);
                }
                left -= UNROLLED;
            }
            for step in 0..left {
                accumulate::<A, D, ROWS, VECTORS>(arch, &mut sums, panel, &bases, step, place.a_row);
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
        // The epilogue works on a copy in memory: were `sums` indexed at run time anywhere, LLVM would keep them in memory
        // throughout, which is three times slower.
        let mut copy = Unaligned::<[[A::V; VECTORS]; ROWS]>::uninit();
        let copy = copy.as_mut_ptr().cast::<f32>();
        for r in 0..ROWS {
            for v in 0..VECTORS {
                sums[r][v].store(copy.add((r * VECTORS + v) * lanes));
            }
        }
        let values = std::slice::from_raw_parts_mut(copy, ROWS * VECTORS * lanes);
        // For tiles of at most 3 vectors LLVM inlines `Apply` and scalarises it: they go through `Finish`.
        if !whole || ROWS * VECTORS <= 3 {
            arch.outline(Finish { place, sums: values, vectors: VECTORS, plain });
            return;
        }
        if place.activation.is_some() {
            arch.outline(Apply { place, sums: values });
        }
        for r in 0..ROWS {
            for v in 0..VECTORS {
                let mut value = arch.load(copy.add((r * VECTORS + v) * lanes));
                if !place.residual.is_null() {
                    value = value.add(arch.load(place.residual.add(r * place.residual_row + v * lanes)));
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
    fn run<A: Arch>(self, arch: A) {
        with_function!(self.place.activation, F => F::values(arch, self.sums));
    }
}

/// One step of the depth: `sums[r] += a[r][step] · b`.
///
/// # Safety
/// `b` must be valid for reading a row of the panel, and `bases` for reading step `step` of each row.
#[inline(always)]
unsafe fn accumulate<A: Arch, D: Dot, const ROWS: usize, const VECTORS: usize>(
    arch: A,
    sums: &mut [[A::V; VECTORS]; ROWS],
    b: *const f32,
    bases: &[*const f32; 4],
    step: usize,
    row: usize,
) {
    // SAFETY: the caller answers for the panel's row and the rows' steps.
    unsafe {
        let mut vectors = [arch.splat(0.0); VECTORS];
        for v in 0..VECTORS {
            vectors[v] = arch.load(b.add(v * A::V::LANES));
        }
        for r in 0..ROWS {
            let x = arch.splat(*bases[r / 3].wrapping_add((r % 3) * row + step));
            for v in 0..VECTORS {
                sums[r][v] = D::add(arch, x, vectors[v], sums[r][v]);
            }
        }
    }
}

/// `blocks` times [`UNROLLED`] steps of the depth, of which a load reads those of a row.
///
/// # Safety
/// `b` must be valid for reading so many rows of the panel, and the rows from `a` on, `row` floats apart, so many steps.
#[inline(always)]
unsafe fn accumulate_blocks<A: Arch, D: Dot, const ROWS: usize, const VECTORS: usize>(
    arch: A,
    sums: &mut [[A::V; VECTORS]; ROWS],
    mut b: *const f32,
    a: *const f32,
    row: usize,
    blocks: usize,
) {
    let mut rows = [a; ROWS];
    for (r, start) in rows.iter_mut().enumerate() {
        *start = start.wrapping_add(r * row);
    }
    for _ in 0..blocks {
        // SAFETY: the caller answers for the panel's rows and the rows' steps.
        unsafe {
            let mut steps = [[arch.splat(0.0); UNROLLED]; ROWS];
            for r in 0..ROWS {
                steps[r] = arch.splat_four(rows[r]);
                rows[r] = rows[r].wrapping_add(UNROLLED);
            }
            for step in 0..UNROLLED {
                let mut vectors = [arch.splat(0.0); VECTORS];
                for v in 0..VECTORS {
                    vectors[v] = arch.load(b.add((step * VECTORS + v) * A::V::LANES));
                }
                for r in 0..ROWS {
                    for v in 0..VECTORS {
                        sums[r][v] = D::add(arch, steps[r][step], vectors[v], sums[r][v]);
                    }
                }
            }
            b = b.wrapping_add(UNROLLED * VECTORS * A::V::LANES);
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
    fn run<A: Arch>(self, arch: A) {
        let (place, lanes) = (self.place, A::V::LANES);
        with_function!(place.activation.filter(|_| !self.plain), F => {
            F::values(arch, self.sums);
        });
        for (r, row) in self.sums.chunks_exact(self.vectors * lanes).enumerate() {
            for (v, value) in row.chunks_exact(lanes).enumerate() {
                let column = v * lanes;
                if column >= place.columns {
                    break;
                }
                let count = lanes.min(place.columns - column);
                // SAFETY: `Place` lists writing and reading `columns` floats of each row (3, 4); `value` is as long as a
                // vector.
                unsafe {
                    let mut value = arch.load(value.as_ptr());
                    let out = place.out.add(r * place.out_row + column);
                    if !self.plain && !place.residual.is_null() {
                        value = value.add(arch.load_some(place.residual.add(r * place.residual_row + column), count));
                    }
                    value.store_some(out, count);
                }
            }
        }
    }
}
