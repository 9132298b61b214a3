use effnet_spec::Activation;
use proptest::prelude::*;

use super::{Job, Packed, depth_blocks, tiles};
use crate::Precision;
use crate::buffer::Shared;
use crate::narrow::narrow_in_place;
use crate::simd::Level;
use crate::view::{Rows, View, ViewMut};
use effnet_guard::{Guarded, SIDES, Side, cut_for_miri, values};

/// Numbers in a float's place.
fn numbers(precision: Precision) -> usize {
    if precision == Precision::Bf16 { 2 } else { 1 }
}

/// The numbers that a float's place holds.
fn widen(precision: Precision, value: f32) -> Vec<f32> {
    match precision {
        Precision::F32 => vec![value],
        Precision::Bf16 => [value.to_bits() << 16, value.to_bits() & 0xffff_0000].map(f32::from_bits).into(),
    }
}

fn bf16(value: f32) -> f32 {
    half::bf16::from_f32(value).to_f32()
}

/// How far a result may be from the f64 definition, relative to the sum of its terms' sizes: roundings of f32 sums.
const TOLERANCE: f64 = 2e-6;

#[derive(Clone, Debug)]
struct Problem {
    precision: Precision,
    lines: usize,
    rows: usize,
    segments: usize,
    run: usize,
    columns: usize,
    /// Floats between what belongs to the matrices.
    gaps: [usize; 3],
    residual: bool,
    activation: Option<Activation>,
}

impl Problem {
    fn any() -> impl Strategy<Value = Self> {
        let activation = prop_oneof![Just(None), Just(Some(Activation::Silu)), Just(Some(Activation::Relu6))];
        let [some, more, many] = cut_for_miri([48, 64, 96], [8, 12, 48]);
        let columns = prop_oneof![1..=cut_for_miri(70usize, 30), Just(24), Just(some), Just(more), Just(many)];
        let gaps = [0usize..5, 0usize..5, 0usize..5];
        let precision = prop_oneof![Just(Precision::F32), Just(Precision::Bf16)];
        let (rows, run) = (1..=cut_for_miri(29usize, 8), 1..=cut_for_miri(33usize, 6));
        let sizes = (precision, 1..=cut_for_miri(3usize, 2), rows, 1usize..=3, run);
        (sizes, columns, gaps, any::<bool>(), activation).prop_map(
            |((precision, lines, rows, segments, run), columns, gaps, residual, activation)| Self {
                precision,
                lines,
                rows,
                segments,
                run,
                columns,
                gaps,
                residual,
                activation,
            },
        )
    }

    fn a_rows(&self) -> (Rows, usize) {
        let stride = self.run + self.gaps[0];
        let row = self.segments * stride;
        let line = self.rows * row + self.gaps[1];
        (Rows { start: self.gaps[2], line, row }, stride)
    }

    fn out_rows(&self) -> Rows {
        let row = self.columns + self.gaps[1];
        Rows { start: self.gaps[0], line: self.rows * row + self.gaps[2], row }
    }

    fn check(&self, level: Level, side: Side) {
        let depth = self.segments * self.run;
        let steps = numbers(self.precision);
        let weight: Vec<f32> = values(self.columns * depth * steps, 1).into_iter().map(bf16).collect();
        let bias = values(self.columns, 2);
        let packed = Packed::in_precision(level, self.precision, &weight, self.columns, &bias);
        let (a_rows, segment_stride) = self.a_rows();
        let reach = (self.segments - 1) * segment_stride + self.run;
        let mut map = values(a_rows.end(self.lines, self.rows, reach) * steps, 3);
        if self.precision == Precision::Bf16 {
            narrow_in_place(level, &mut map, None);
            map.truncate(map.len() / 2);
        }
        let a = Guarded::new(&map, side);
        let out_rows = self.out_rows();
        let length = out_rows.end(self.lines, self.rows, self.columns);
        let residual = Guarded::new(&values(length, 4), side);
        let untouched = f32::from_bits(0x7fc0_1234);
        let mut out = Guarded::new(&vec![untouched; length], side);
        let job = Job {
            weights: &packed,
            lines: self.lines,
            rows: self.rows,
            panels: (0, packed.panels()),
            a: View::new(&a, a_rows),
            segments: self.segments,
            segment_stride,
            out: ViewMut::new(Shared::new(&mut out), out_rows),
            residual: self.residual.then(|| View::new(&residual, out_rows)),
            activation: self.activation,
        };
        // SAFETY: nobody else has the buffers.
        unsafe { job.run(level) };

        let mut written = vec![false; length];
        for line in 0..self.lines {
            for row in 0..self.rows {
                for column in 0..self.columns {
                    let (mut sum, mut size) = (f64::from(bias[column]), 1.0);
                    for k in 0..depth {
                        let at = a_rows.start + line * a_rows.line + row * a_rows.row;
                        let x = widen(self.precision, a[at + k / self.run * segment_stride + k % self.run]);
                        for (x, weight) in x.iter().zip(&weight[(column * depth + k) * steps..]) {
                            let product = f64::from(*x) * f64::from(*weight);
                            sum += product;
                            size += product.abs();
                        }
                    }
                    let at = out_rows.start + line * out_rows.line + row * out_rows.row + column;
                    let value = match self.activation {
                        None => sum,
                        Some(Activation::Silu) => sum / (1.0 + (-sum).exp()),
                        _ => sum.clamp(0.0, 6.0),
                    };
                    let expected = value + if self.residual { f64::from(residual[at]) } else { 0.0 };
                    let error = (f64::from(out[at]) - expected).abs();
                    let coarse =
                        if self.activation == Some(Activation::Silu) { level.silu_error(self.precision) } else { 0.0 };
                    assert!(
                        error <= TOLERANCE * size + coarse * sum.abs(),
                        "{} {self:?}: {} for {expected}",
                        level.name(),
                        out[at]
                    );
                    written[at] = true;
                }
            }
        }
        for (value, written) in out.iter().zip(written) {
            assert!(written || value.to_bits() == untouched.to_bits(), "{} {self:?}: wrote between rows", level.name());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cut_for_miri(192, 4)))]
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
fn every_tile_of_every_level_runs() {
    for level in Level::available() {
        let lanes = level.lanes();
        for (columns, vectors) in [(lanes, 1), (2 * lanes, 2), (3 * lanes, 3), (3 * lanes - 1, 3)] {
            for rows in 1..=cut_for_miri(25, level.tile_rows(vectors) + 1) {
                let gaps = [0, 1, 2];
                for precision in [Precision::F32, Precision::Bf16].into_iter().take(cut_for_miri(2, 1)) {
                    let residual = false;
                    Problem {
                        precision,
                        lines: 1,
                        rows,
                        segments: 1,
                        run: cut_for_miri(9, 5),
                        columns,
                        gaps,
                        residual,
                        activation: None,
                    }
                    .check(level, Side::End);
                }
            }
        }
    }
}

#[test]
fn some_panels_go_where_they_are_sent() {
    let level = Level::current();
    let (weight, a) = (values(96 * 5, 1), values(7 * 5, 2));
    let packed = Packed::from_rows(level, &weight, 96, &[0.0; 96]);
    let (mut all, mut part) = (vec![0.0; 7 * 96], vec![0.0; 7 * packed.width()]);
    // SAFETY: nobody else has the buffers.
    unsafe {
        Job::plain(&packed, &a, 7, Shared::new(&mut all)).run(level);
        let out = ViewMut::new(Shared::new(&mut part), Rows::contiguous(0, packed.width()));
        Job { panels: (1, 2), out, ..Job::plain(&packed, &a, 7, out.data) }.run(level);
    }
    for (all, part) in all.chunks_exact(96).zip(part.chunks_exact(packed.width())) {
        assert_eq!(&all[packed.width()..2 * packed.width()], part);
    }
}

#[test]
fn slices_that_are_too_short_are_refused() {
    let level = Level::current();
    let packed = Packed::from_rows(level, &values(6, 0), 3, &[0.0; 3]);
    let (a, mut out) = (values(9, 0), vec![0.0; 15]);
    let too_short = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        // SAFETY: nobody else has the buffers.
        unsafe { Job::plain(&packed, &a, 5, Shared::new(&mut out)).run(level) }
    }));
    assert!(too_short.is_err());
}

#[test]
fn tiles_are_few_and_equal() {
    assert_eq!(tiles(19, 6), [(3, 5), (1, 4)]);
    assert_eq!(tiles(12, 6), [(0, 7), (2, 6)]);
    assert_eq!(tiles(1, 6), [(0, 2), (1, 1)]);
}

#[test]
fn parts_of_the_depth_follow_each_other() {
    for (segments, run) in [(1, 1), (1, 300), (1, 1000), (3, 3), (3, 300), (48, 32), (7, 100)] {
        let mut next = 0;
        for part in depth_blocks(segments, run, run + 5) {
            assert_eq!(part.panel, next);
            assert_eq!(part.a, if segments == 1 { next } else { next / run * (run + 5) });
            assert!(part.run > 0 && part.segments > 0);
            next += part.segments * part.run;
        }
        assert_eq!(next, segments * run);
    }
}

#[test]
fn a_deep_product_equals_the_definition() {
    use Precision::{Bf16, F32};
    // Several blocks of the depth each.
    let depths = cut_for_miri(
        [(F32, 1, 1000), (F32, 5, 200), (Bf16, 1, 400), (Bf16, 5, 80)],
        [(F32, 1, 19), (F32, 5, 4), (Bf16, 1, 19), (Bf16, 5, 4)],
    );
    let (rows, columns) = cut_for_miri((7, 37), (1, 13));
    for level in Level::available() {
        for (precision, segments, run) in depths {
            let gaps = [1, 0, 3];
            let activation = Some(Activation::Silu);
            Problem { precision, lines: 2, rows, segments, run, columns, gaps, residual: true, activation }
                .check(level, Side::End);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cut_for_miri(64, 3)))]
    /// Results are integers, equal to the last bit.
    #[test]
    fn products_of_16_bits_equal_the_definition(
        rows in 1..cut_for_miri(30usize, 8), pairs in 1..cut_for_miri(40usize, 6), columns in 1..cut_for_miri(70usize, 20),
        seed in 0usize..1000,
    ) {
        let codes = |count: usize, seed: usize| -> Vec<[i16; 2]> {
            let code = |value: &f32| (value * 5000.0) as i16;
            values(2 * count, seed).as_chunks().0.iter().map(|[a, b]| [code(a), code(b)]).collect()
        };
        let (a, weights) = (codes(rows * pairs, seed), codes(columns * pairs, seed + 1));
        let floats: Vec<f32> =
            a.iter().map(|[low, high]| f32::from_bits(u32::from(*low as u16) | (u32::from(*high as u16) << 16))).collect();
        for level in Level::available() {
            for side in SIDES {
                let packed = Packed::of_shorts(level, &weights, columns);
                let a_guarded = Guarded::new(&floats, side);
                let mut out = Guarded::new(&vec![f32::NAN; rows * columns], side);
                // SAFETY: nobody else has the buffers.
                unsafe { Job::plain(&packed, &a_guarded, rows, Shared::new(&mut out)).run(level) };
                for (at, found) in out.iter().enumerate() {
                    let row = a[at / columns * pairs..].iter().zip(&weights[at % columns * pairs..]).take(pairs);
                    let expected: i32 =
                        row.map(|(a, b)| i32::from(a[0]) * i32::from(b[0]) + i32::from(a[1]) * i32::from(b[1])).sum();
                    prop_assert_eq!(found.to_bits() as i32, expected, "{}", level.name());
                }
            }
        }
    }
}
