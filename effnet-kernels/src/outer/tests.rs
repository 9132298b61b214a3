use proptest::prelude::*;

use super::{Columns, Outer, height, width};
use crate::buffer::Shared;
use crate::simd::Level;
use crate::view::{Rows, View, ViewMut};
use effnet_guard::{Guarded, SIDES, cut_for_miri, values};

/// How far a result may be from the f64 definition, relative to the sum of its terms' sizes.
const TOLERANCE: f64 = 2e-6;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cut_for_miri(96, 4)))]
    #[test]
    fn equals_the_definition(
        pixels in 1..cut_for_miri(70usize, 6), rows in 1..cut_for_miri(30usize, 10), columns in 1..cut_for_miri(70usize, 30),
        gap in 0usize..4, add: bool, cut in 0..cut_for_miri(70usize, 6),
    ) {
        for level in Level::available() {
            let cut = cut.min(pixels);
            for side in SIDES {
                let a_pixel = rows + gap;
                let a = Guarded::new(&values(gap + (pixels - 1) * a_pixel + rows, 1), side);
                let b = Guarded::new(&values(gap + (pixels - 1) * (columns + gap) + columns, 2), side);
                let high = rows.next_multiple_of(height(level));
                let wide = columns.next_multiple_of(width(level));
                let mut strips_a = Guarded::new(&vec![f32::NAN; pixels * high], side);
                let mut strips_b = Guarded::new(&vec![f32::NAN; pixels * wide], side);
                // Pixels are copied in two parts, as lines of a map are.
                for (at, pixels_of_part) in [(0, cut), (cut, pixels - cut)] {
                    let part = |source, pixel, count| {
                        let source = View::new(source, Rows::contiguous(gap + at * pixel, pixel));
                        Columns { source, pixels: pixels_of_part, count }
                    };
                    part(&a, a_pixel, rows).strips_of_a(level, &mut strips_a, pixels, at);
                    part(&b, columns + gap, columns).strips_of_b(level, &mut strips_b, pixels, at);
                }
                let before = values(gap + (rows - 1) * (columns + gap) + columns, 3);
                let mut out = Guarded::new(&before, side);
                let job = Outer {
                    pixels,
                    a: &strips_a,
                    b: &strips_b,
                    rows,
                    columns,
                    out: ViewMut::new(Shared::new(&mut out), Rows::contiguous(gap, columns + gap)),
                    add,
                };
                // SAFETY: nobody else has the buffers.
                unsafe { job.run(level) };
                let mut expected: Vec<(f64, f64)> = before.iter().map(|x| (f64::from(*x), 1.0)).collect();
                for p in 0..pixels {
                    for r in 0..rows {
                        for c in 0..columns {
                            let product = f64::from(a[gap + p * a_pixel + r]) * f64::from(b[gap + p * (columns + gap) + c]);
                            let (sum, size) = &mut expected[gap + r * (columns + gap) + c];
                            if p == 0 && !add {
                                *sum = 0.0;
                            }
                            *sum += product;
                            *size += product.abs();
                        }
                    }
                }
                for (found, (sum, size)) in out.iter().zip(expected) {
                    prop_assert!((f64::from(*found) - sum).abs() <= TOLERANCE * size, "{}", level.name());
                }
            }
        }
    }
}
