use proptest::prelude::*;

use crate::buffer::Shared;
use crate::cut::Area;
use crate::depthwise::{Filter, WeightGradient};
use crate::gather::{Gather, Target};
use crate::simd::Level;
use crate::view::Rows;
use effnet_guard::{Guarded, SIDES, cut_for_miri, values};

/// How far a result may be from the f64 definition, relative to the sum of its terms' sizes.
const TOLERANCE: f64 = 2e-6;

const BATCH: usize = 2;

fn gathers() -> impl Strategy<Value = Gather> {
    let size = || (1..=cut_for_miri(9usize, 3), 1..=cut_for_miri(14usize, 8));
    let channels = prop_oneof![1..=cut_for_miri(40usize, 12), Just(cut_for_miri(70, 21)), Just(cut_for_miri(300, 257))];
    let taps = (1..=cut_for_miri(7usize, 3), 1..=cut_for_miri(7usize, 3));
    ((size(), size()), channels, 1usize..=2, (-4isize..=3, -4isize..=3), taps).prop_map(
        |((source, grid), channels, stride, start, taps)| Gather { source, channels, grid, stride, start, taps },
    )
}

/// Calls `f` with each pixel of the grid, each tap within the source, and the source's pixel there.
fn for_each_product(gather: &Gather, mut f: impl FnMut(usize, usize, usize)) {
    let Gather { source, grid, stride, start, taps, .. } = *gather;
    for pixel in 0..BATCH * grid.0 * grid.1 {
        let (image, y, x) = (pixel / grid.1 / grid.0, pixel / grid.1 % grid.0, pixel % grid.1);
        for tap in 0..taps.0 * taps.1 {
            let row = start.0 + (y * stride + tap / taps.1) as isize;
            let column = start.1 + (x * stride + tap % taps.1) as isize;
            if (0..source.0 as isize).contains(&row) && (0..source.1 as isize).contains(&column) {
                f(pixel, tap, (image * source.0 + row as usize) * source.1 + column as usize);
            }
        }
    }
}

fn is_close(found: f32, (sum, size): (f64, f64)) -> bool {
    (f64::from(found) - sum).abs() <= TOLERANCE * size
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cut_for_miri(128, 3)))]
    #[test]
    fn a_filter_equals_the_definition(gather in gathers(), gap in 0usize..3) {
        let Gather { source, channels, grid, taps, .. } = gather;
        let x = values(BATCH * source.0 * source.1 * channels, 1);
        let weight = values(taps.0 * taps.1 * channels, 2);
        let row = channels + gap;
        let target = Target { image: grid.0 * grid.1 * row, pixels: Rows { start: gap, line: grid.1 * row, row } };
        let mut expected = vec![(0f64, 1f64); BATCH * grid.0 * grid.1 * channels];
        for_each_product(&gather, |pixel, tap, from| {
            for c in 0..channels {
                let product = f64::from(x[from * channels + c]) * f64::from(weight[tap * channels + c]);
                let (sum, size) = &mut expected[pixel * channels + c];
                *sum += product;
                *size += product.abs();
            }
        });
        for level in Level::available() {
            for side in SIDES {
                let (x, weight) = (Guarded::new(&x, side), Guarded::new(&weight, side));
                let mut out = Guarded::new(&vec![7.0; BATCH * grid.0 * grid.1 * row], side);
                let job = Filter { gather: &gather, x: &x, weight: &weight, out: Shared::new(&mut out), target };
                for image in 0..BATCH {
                    for (y, height) in [(0, grid.0 / 2), (grid.0 / 2, grid.0 - grid.0 / 2)] {
                        // SAFETY: nobody else has the buffers.
                        unsafe { job.run(level, Area { image, y, x: 0, height, width: grid.1 }) }
                    }
                }
                for (found, expected) in out.chunks_exact(row).zip(expected.chunks_exact(channels)) {
                    prop_assert!(found[..gap].iter().all(|value| *value == 7.0), "a gap was written to");
                    for (found, expected) in found[gap..].iter().zip(expected) {
                        prop_assert!(is_close(*found, *expected), "{}: {found} for {expected:?}", level.name());
                    }
                }
            }
        }
    }

    #[test]
    fn a_weight_gradient_equals_the_definition(gather in gathers()) {
        let Gather { source, channels, grid, taps, .. } = gather;
        let x = values(BATCH * source.0 * source.1 * channels, 1);
        let grad = values(BATCH * grid.0 * grid.1 * channels, 2);
        let before = values(taps.0 * taps.1 * channels, 3);
        let mut expected: Vec<(f64, f64)> = before.iter().map(|value| (f64::from(*value), 1.0)).collect();
        for_each_product(&gather, |pixel, tap, from| {
            for c in 0..channels {
                let product = f64::from(x[from * channels + c]) * f64::from(grad[pixel * channels + c]);
                let (sum, size) = &mut expected[tap * channels + c];
                *sum += product;
                *size += product.abs();
            }
        });
        for level in Level::available() {
            for side in SIDES {
                let (x, grad) = (Guarded::new(&x, side), Guarded::new(&grad, side));
                let mut sums = Guarded::new(&before, side);
                for line in 0..BATCH * grid.0 {
                    let (image, y) = (line / grid.0, line % grid.0);
                    let grad_pixels = Target::plain(gather.grid, gather.channels);
                    WeightGradient { gather: &gather, x: &x, grad: &grad, grad_pixels, image, y, sums: &mut sums }.add(level);
                }
                for (found, expected) in sums.iter().zip(&expected) {
                    prop_assert!(is_close(*found, *expected), "{}: {found} for {expected:?}", level.name());
                }
            }
        }
    }
}
