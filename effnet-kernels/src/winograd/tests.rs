use effnet_spec::Activation;
use proptest::prelude::*;

use super::weight_gradient::{Map, WeightGradient};
use super::{Job, TILE, Winograd};
use crate::Precision;
use crate::buffer::Shared;
use crate::simd::Level;
use crate::view::{Rows, View, ViewMut};
use effnet_guard::{Guarded, SIDES, Side, cut_for_miri, values};

/// How far a result may be from the f64 definition, relative to the largest sum of the terms' sizes among the results of its
/// tile, which are made of the same products. The transforms' factors, up to 8 and 1/24, cost this algorithm a digit against a
/// direct convolution.
const TOLERANCE: f64 = 5e-6;

/// As [`TOLERANCE`], for products of 16 bits, whose codes are as coarse as the largest numbers of a rectangle make them. A
/// direct convolution of numbers rounded to bf16 is 4e-3 off.
const SHORTS_TOLERANCE: f64 = 2e-3;

/// As [`TOLERANCE`], for a weight's gradient, relative to the largest sum of its terms' sizes.
const GRADIENT_TOLERANCE: f64 = 5e-6;

#[derive(Clone, Debug)]
struct Problem {
    size: (usize, usize),
    in_channels: usize,
    out_channels: usize,
    gap: usize,
    residual: bool,
    activation: Option<Activation>,
    precision: Precision,
}

impl Problem {
    fn any() -> impl Strategy<Value = Self> {
        let [few, some, many] = cut_for_miri([24, 48, 70], [2, 3, 5]);
        let channels = move || prop_oneof![1..=cut_for_miri(40usize, 4), Just(few), Just(some), Just(many)];
        let size = (1..=cut_for_miri(11usize, 5), 1..=cut_for_miri(11usize, 4));
        let activation = prop_oneof![Just(None), Just(Some(Activation::Silu))];
        let precision = prop_oneof![Just(Precision::F32), Just(Precision::Bf16)];
        (size, channels(), channels(), 0usize..4, any::<bool>(), activation, precision).prop_map(
            |(size, in_channels, out_channels, gap, residual, activation, precision)| Self {
                size,
                in_channels,
                out_channels,
                gap,
                residual,
                activation,
                precision,
            },
        )
    }

    fn check(&self, level: Level, side: Side) {
        let Self { size: (height, width), in_channels, out_channels, gap, .. } = *self;
        let weight = values(out_channels * in_channels * 9, 1);
        let bias = values(out_channels, 2);
        let winograd = Winograd::new(level, self.precision, &weight, in_channels, &bias);
        let tiles = (height.div_ceil(TILE), width.div_ceil(TILE));
        // The map with its border, and zeros to the end of the last tile's window.
        let line = (tiles.1 * TILE + 2) * in_channels + gap;
        let x_rows = Rows { start: gap, line, row: in_channels };
        let mut x = vec![0.0; x_rows.end(tiles.0 * TILE + 2, tiles.1 * TILE + 2, in_channels)];
        let pixels = values(height * width * in_channels, 3);
        for y in 0..height {
            let from = &pixels[y * width * in_channels..][..width * in_channels];
            x[gap + (y + 1) * line + in_channels..][..from.len()].copy_from_slice(from);
        }
        let x = Guarded::new(&x, side);
        let out_rows = Rows { start: gap, line: width * (out_channels + gap), row: out_channels + gap };
        let length = out_rows.end(height, width, out_channels);
        let residual = Guarded::new(&values(length, 4), side);
        let mut out = Guarded::new(&vec![f32::NAN; length], side);
        let mut scratch = Guarded::new(&vec![f32::NAN; winograd.scratch_of_tiles(tiles.0 * tiles.1)], side);
        let rectangle = Job {
            weights: &winograd,
            tiles,
            x: View::new(&x, x_rows),
            size: self.size,
            out: ViewMut::new(Shared::new(&mut out), out_rows),
            residual: self.residual.then(|| View::new(&residual, out_rows)),
            activation: self.activation,
        };
        // SAFETY: nobody else has the buffers.
        unsafe { rectangle.run(level, &mut scratch) };

        for o in 0..out_channels {
            let sum_of = |y: usize, x: usize| {
                let (mut sum, mut size) = (f64::from(bias[o]), 1.0);
                for tap in 0..9 {
                    let (Some(y), Some(x)) = ((y + tap / 3).checked_sub(1), (x + tap % 3).checked_sub(1)) else {
                        continue;
                    };
                    if y >= height || x >= width {
                        continue;
                    }
                    for i in 0..in_channels {
                        let pixel = pixels[(y * width + x) * in_channels + i];
                        let product = f64::from(pixel) * f64::from(weight[(o * in_channels + i) * 9 + tap]);
                        sum += product;
                        size += product.abs();
                    }
                }
                (sum, size)
            };
            let sums: Vec<(f64, f64)> = (0..height * width).map(|at| sum_of(at / width, at % width)).collect();
            for (at, (sum, _)) in sums.iter().enumerate() {
                let (y, x) = (at / width, at % width);
                let lines = y / TILE * TILE..height.min((y / TILE + 1) * TILE);
                let columns = x / TILE * TILE..width.min((x / TILE + 1) * TILE);
                let of_tile = lines.flat_map(|y| &sums[y * width..][columns.clone()]);
                let size = of_tile.map(|(_, size)| *size).fold(0.0, f64::max);
                let at = out_rows.start + y * out_rows.line + x * out_rows.row + o;
                let value = if self.activation.is_some() { sum / (1.0 + (-sum).exp()) } else { *sum };
                let expected = value + if self.residual { f64::from(residual[at]) } else { 0.0 };
                let error = (f64::from(out[at]) - expected).abs();
                let tolerance = if self.precision == Precision::Bf16 { SHORTS_TOLERANCE } else { TOLERANCE };
                let bound = tolerance * size + level.silu_error(self.precision) * sum.abs();
                assert!(error <= bound, "{} {self:?}: {} for {expected}", level.name(), out[at]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cut_for_miri(64, 2)))]
    #[test]
    fn equals_the_definition(problem in Problem::any()) {
        for level in Level::available() {
            for side in SIDES {
                problem.check(level, side);
            }
        }
    }
}

#[test]
fn several_chunks_of_channels_equal_the_definition() {
    let (size, in_channels, out_channels) = cut_for_miri(((9, 21), 12, 200), ((4, 3), 1, 25));
    for level in Level::available() {
        let problem = Problem {
            size,
            in_channels,
            out_channels,
            gap: 1,
            residual: true,
            activation: Some(Activation::Silu),
            precision: Precision::F32,
        };
        problem.check(level, Side::End);
    }
}

/// Input channels of [`tile_of`].
const INPUTS: usize = cut_for_miri(8, 2);

/// A rectangle of one tile of a map of constant pixels, in 16 bits.
fn tile_of(pixel: f32, weight: &[f32], level: Level) -> [f32; TILE * TILE * 4] {
    let bias = [0.5, -0.25, 3.0, 0.0];
    let winograd = Winograd::new(level, Precision::Bf16, weight, INPUTS, &bias);
    let x = [pixel; 36 * INPUTS];
    let mut out = [0.0; TILE * TILE * 4];
    let rectangle = Job {
        weights: &winograd,
        tiles: (1, 1),
        x: View::new(&x, Rows { start: 0, line: 6 * INPUTS, row: INPUTS }),
        size: (TILE, TILE),
        out: ViewMut::new(Shared::new(&mut out), Rows { start: 0, line: TILE * 4, row: 4 }),
        residual: None,
        activation: None,
    };
    // SAFETY: nobody else has the buffers.
    unsafe { rectangle.run(level, &mut vec![f32::NAN; winograd.scratch_of_tiles(1)]) };
    out
}

#[test]
fn codes_of_nothing_are_worth_nothing_and_hide_nothing() {
    const MANY: usize = cut_for_miri(usize::MAX, 1);
    let weight = values(4 * INPUTS * 9, 1);
    for level in Level::available() {
        for pixel in [0.0, -0.0, 1e-44, 1e-38].into_iter().take(MANY) {
            let out = tile_of(pixel, &weight, level);
            assert!(out.chunks(4).all(|pixel| pixel == [0.5, -0.25, 3.0, 0.0]), "{}: {out:?} of {pixel}", level.name());
        }
        for pixel in [f32::NAN, f32::INFINITY].into_iter().take(MANY) {
            let out = tile_of(pixel, &weight, level);
            assert!(out.iter().all(|value| value.is_nan()), "{}: {out:?} of {pixel}", level.name());
        }
        for value in [f32::NAN, f32::INFINITY].into_iter().take(MANY) {
            let mut weight = weight.clone();
            weight[2 * INPUTS * 9 + 13] = value;
            let out = tile_of(0.5, &weight, level);
            let hidden =
                out.chunks(4).any(|pixel| pixel.iter().map(|value| value.is_nan()).ne([false, false, true, false]));
            assert!(!hidden, "{}: {out:?} of a weight of {value}", level.name());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cut_for_miri(48, 2)))]
    #[test]
    fn the_weight_gradient_equals_the_definition(
        batch in 1..cut_for_miri(4usize, 3), size in (1..=cut_for_miri(14usize, 5), 1..=cut_for_miri(14usize, 4)),
        before in (0usize..=2, 0usize..=2), after in (0usize..=2, 0usize..=2),
        in_channels in 1..=cut_for_miri(40usize, 3), out_channels in 1..=cut_for_miri(40usize, 3),
    ) {
        let input = (size.0 + 2 - before.0.min(1), size.1 + 2 - before.1.min(1));
        let output = (input.0 + before.0 + after.0 - 2, input.1 + before.1 + after.1 - 2);
        let (x, grad) = (values(batch * input.0 * input.1 * in_channels, 1), values(batch * output.0 * output.1 * out_channels, 2));
        let mut expected = vec![(0f64, 0f64); out_channels * in_channels * 9];
        for image in 0..batch {
            for y in 0..output.0 {
                for (column, pixel) in grad[(image * output.0 + y) * output.1 * out_channels..][..output.1 * out_channels].chunks_exact(out_channels).enumerate() {
                    for tap in 0..9 {
                        let (Some(row), Some(column)) = ((y + tap / 3).checked_sub(before.0), (column + tap % 3).checked_sub(before.1)) else { continue };
                        if row >= input.0 || column >= input.1 {
                            continue;
                        }
                        let seen = &x[((image * input.0 + row) * input.1 + column) * in_channels..][..in_channels];
                        for (o, g) in pixel.iter().enumerate() {
                            for (i, x) in seen.iter().enumerate() {
                                let (sum, size) = &mut expected[(o * in_channels + i) * 9 + tap];
                                let product = f64::from(*g) * f64::from(*x);
                                *sum += product;
                                *size += product.abs();
                            }
                        }
                    }
                }
            }
        }
        let largest = expected.iter().fold(0f64, |most, (_, size)| most.max(*size));
        for level in Level::available() {
            for side in SIDES {
                let (x, grad) = (Guarded::new(&x, side), Guarded::new(&grad, side));
                let job = WeightGradient {
                    batch,
                    x: Map { values: &x, size: input, channels: in_channels },
                    before,
                    grad: Map { values: &grad, size: output, channels: out_channels },
                };
                let (planes, sums) = job.scratch(level);
                let mut planes = Guarded::new(&vec![f32::NAN; planes], side);
                let mut sums = Guarded::new(&vec![f32::NAN; sums], side);
                let found = job.run(level, &mut planes, &mut sums);
                for (found, (sum, _)) in found.iter().zip(&expected) {
                    prop_assert!((f64::from(*found) - sum).abs() <= GRADIENT_TOLERANCE * largest, "{}: {found}, {sum}", level.name());
                }
            }
        }
    }
}
