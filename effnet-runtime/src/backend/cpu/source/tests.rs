use effnet_kernels::simd::Level;
use effnet_spec::Activation;
use proptest::prelude::*;

use super::Source;
use crate::backend::cpu::norm_act::Normalisation;
use crate::random::{Purpose, Stream};

/// A dozen roundings in f32, relative to the sizes of value and result.
const TOLERANCE: f64 = 1e-5;

fn numbers(sample: u64, length: usize) -> Vec<f32> {
    let stream = Stream::new(9, Purpose::Bench, 0, sample, 0);
    (0..length as u64).map(|element| stream.normal(element) as f32).collect()
}

fn silu(u: f64) -> f64 {
    u / (1.0 + (-u).exp())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any channels of any pixels, written or run by run, are those of the definition, at every level.
    #[test]
    fn a_source_is_its_definition(
        (images, pixels, channels) in (1usize..4, 1usize..40, 1usize..70),
        (is_normed, is_gated) in any::<(bool, bool)>(),
        cut in prop::array::uniform4(0.0..1.0f64),
    ) {
        let (total, at) = (images * pixels, |share: f64, count: usize| (share * (count + 1) as f64) as usize);
        let (values, gate) = (numbers(1, total * channels), numbers(2, images * channels));
        let [mean, gamma, beta] = [3, 4, 5].map(|sample| numbers(sample, channels));
        let variance: Vec<f32> = numbers(6, channels).iter().map(|value| 0.1 + value * value).collect();
        let norm = Normalisation::new(&mean, &variance, &gamma, &beta, 1e-3, None);
        let mut source = match is_normed {
            true => Source::normed(&values, &norm, Some(Activation::Silu)),
            false => Source::plain(&values, channels),
        };
        if is_gated {
            source = source.gated(&gate);
        }
        prop_assert_eq!(source.as_plain().is_some(), !is_normed && !is_gated);
        let expected = |pixel: usize, c: usize| {
            let z = f64::from(values[pixel * channels + c]);
            let y = match is_normed {
                true => {
                    let inv_std = 1.0 / (f64::from(variance[c]) + 1e-3).sqrt();
                    silu((z - f64::from(mean[c])) * inv_std * f64::from(gamma[c]) + f64::from(beta[c]))
                }
                false => z,
            };
            if is_gated { y * f64::from(gate[pixel / pixels * channels + c]) } else { y }
        };
        let near = |found: f32, pixel: usize, c: usize| {
            let expected = expected(pixel, c);
            let size = (1.0 + expected.abs()) * (1.0 + f64::from(values[pixel * channels + c].abs()));
            (f64::from(found) - expected).abs() <= TOLERANCE * size
        };
        let (first, second) = (at(cut[0], total), at(cut[1], total));
        let rows = first.min(second)..first.max(second);
        let (first, second) = (at(cut[2], channels), at(cut[3], channels));
        let columns = first.min(second)..first.max(second);
        for level in Level::available() {
            let mut out = vec![f32::NAN; rows.len() * columns.len()];
            source.write(level, rows.clone(), columns.clone(), &mut out);
            let mut found = out.iter();
            for pixel in rows.clone() {
                for c in columns.clone() {
                    prop_assert!(near(*found.next().unwrap(), pixel, c), "{} at {pixel}, {c}", level.name());
                }
            }
            let map = source.to_map(level);
            let mut seen = rows.start;
            source.for_each_run(level, rows.clone(), |range, run| {
                assert_eq!(range.start, seen);
                assert_eq!(run, &map[range.start * channels..range.end * channels]);
                seen = range.end;
            });
            prop_assert!(rows.is_empty() || seen == rows.end);
            prop_assert!((0..total * channels).all(|at| near(map[at], at / channels, at % channels)));
        }
    }
}

#[test]
#[should_panic(expected = "pixels that a map does not have")]
fn pixels_past_the_end_are_refused() {
    Source::plain(&[1.0, 2.0], 1).write(Level::current(), 1..3, 0..1, &mut [0.0; 2]);
}
