use proptest::prelude::*;

use super::{Outer, pack, width};
use crate::kernels::buffer::Shared;
use crate::kernels::guard::{Guarded, SIDES, values};
use crate::simd::Level;

/// How far a result may be from the f64 definition, relative to the sum of its terms' sizes.
const TOLERANCE: f64 = 2e-6;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn equals_the_definition(pixels in 1usize..70, rows in 1usize..30, columns in 1usize..33, gap in 0usize..4) {
        for level in Level::available() {
            let columns = columns.min(width(level));
            for side in SIDES {
                let a_pixel = rows + gap;
                let a = Guarded::new(&values(gap + (pixels - 1) * a_pixel + rows, 1), side);
                let b = Guarded::new(&values(gap + (pixels - 1) * (columns + gap) + columns, 2), side);
                let mut panel = Guarded::new(&vec![f32::NAN; pixels * width(level)], side);
                pack(&b, gap, columns + gap, columns, &mut panel, width(level));
                let before = values(gap + (rows - 1) * (columns + gap) + columns, 3);
                let mut out = Guarded::new(&before, side);
                let job = Outer {
                    pixels,
                    a: &a,
                    a_start: gap,
                    a_pixel,
                    rows,
                    panel: &panel,
                    out: Shared::new(&mut out),
                    out_start: gap,
                    out_row: columns + gap,
                    columns,
                };
                // SAFETY: nobody else has the buffers.
                unsafe { job.run(level) };
                let mut expected: Vec<(f64, f64)> = before.iter().map(|x| (f64::from(*x), 1.0)).collect();
                for p in 0..pixels {
                    for r in 0..rows {
                        for c in 0..columns {
                            let product = f64::from(a[gap + p * a_pixel + r]) * f64::from(b[gap + p * (columns + gap) + c]);
                            let (sum, size) = &mut expected[gap + r * (columns + gap) + c];
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
