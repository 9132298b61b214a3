use effnet_spec::Activation;
use proptest::prelude::*;

use super::{CHANNELS, Plane};
use crate::Precision;
use crate::simd::Level;
use effnet_guard::{Guarded, SIDES, Side, cut_for_miri, values};

/// How far a result may be from the f64 definition, relative to the sum of its terms' sizes.
const TOLERANCE: f64 = 2e-6;

#[derive(Clone, Debug)]
struct Problem {
    kernel: usize,
    stride: usize,
    size: (usize, usize),
    activation: Option<Activation>,
    precision: Precision,
}

impl Problem {
    fn any() -> impl Strategy<Value = Self> {
        let activation = prop_oneof![Just(None), Just(Some(Activation::Silu)), Just(Some(Activation::HardSwish))];
        let precision = prop_oneof![Just(Precision::F32), Just(Precision::Bf16)];
        (
            prop_oneof![Just(3usize), Just(5), Just(7)],
            1usize..=2,
            (1..=cut_for_miri(9usize, 2), 1..=cut_for_miri(13usize, 6)),
            activation,
            precision,
        )
            .prop_map(|(kernel, stride, size, activation, precision)| Self {
                kernel,
                stride,
                size,
                activation,
                precision,
            })
    }

    fn check(&self, level: Level, side: Side) {
        let Self { kernel, stride, size: (height, width), .. } = *self;
        let (x_height, x_width) = ((height - 1) * stride + kernel, (width - 1) * stride + kernel + 1);
        let x = Guarded::new(&values(x_height * x_width * CHANNELS, 1), side);
        let weight = Guarded::new(&values(kernel * kernel * CHANNELS, 2), side);
        let bias = Guarded::new(&values(CHANNELS, 3), side);
        let mut out = Guarded::new(&vec![f32::NAN; height * width * CHANNELS], side);
        let mut sums = Guarded::new(&[f32::NAN; CHANNELS], side);
        Plane {
            kernel,
            stride,
            x: &x,
            x_width,
            weight: &weight,
            bias: &bias,
            size: self.size,
            out: &mut out,
            sums: &mut sums,
            activation: self.activation,
            precision: self.precision,
        }
        .run(level);
        let (mut expected_sums, mut most_coarse) = ([0f64; CHANNELS], 0.0);
        for y in 0..height {
            for column in 0..width {
                for c in 0..CHANNELS {
                    let (mut sum, mut size) = (f64::from(bias[c]), 1.0);
                    for tap in 0..kernel * kernel {
                        let (y, x_at) = (y * stride + tap / kernel, column * stride + tap % kernel);
                        let product =
                            f64::from(x[(y * x_width + x_at) * CHANNELS + c]) * f64::from(weight[tap * CHANNELS + c]);
                        sum += product;
                        size += product.abs();
                    }
                    let expected = match self.activation {
                        None => sum,
                        Some(Activation::Silu) => sum / (1.0 + (-sum).exp()),
                        _ => sum * (sum + 3.0).clamp(0.0, 6.0) / 6.0,
                    };
                    let found = f64::from(out[(y * width + column) * CHANNELS + c]);
                    let coarse = level.silu_error(self.precision) * sum.abs();
                    let bound = TOLERANCE * size + coarse;
                    assert!((found - expected).abs() <= bound, "{} {self:?}: {found} for {expected}", level.name());
                    most_coarse += coarse;
                    expected_sums[c] += expected;
                }
            }
        }
        for (found, expected) in sums.iter().zip(expected_sums) {
            let scale = (height * width * kernel * kernel) as f64;
            assert!((f64::from(*found) - expected).abs() <= TOLERANCE * scale + most_coarse, "{}: sums", level.name());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cut_for_miri(96, 2)))]
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
#[should_panic(expected = "sizes of an array overflow")]
fn a_size_that_overflows_is_refused() {
    let (weight, mut out, mut sums) = ([0.0; 9 * CHANNELS], [0.0; CHANNELS], [0.0; CHANNELS]);
    Plane {
        kernel: 3,
        stride: 1,
        x: &[],
        x_width: 1 << 59,
        weight: &weight,
        bias: &[0.0; CHANNELS],
        size: (1, 1),
        out: &mut out,
        sums: &mut sums,
        activation: None,
        precision: Precision::F32,
    }
    .run(Level::current());
}
