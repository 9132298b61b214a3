use effnet_guard::{Guarded, SIDES};
use effnet_kernels::activation::{derivative, value};
use effnet_kernels::buffer::Shared;
use effnet_kernels::simd::Level;
use effnet_kernels::view::{Rows, ViewMut};
use effnet_spec::Activation;

use super::statistics::{PartMoments, Slots};
use super::{Normalisation, OfResult, Residual, backward, forward};
use crate::backend::moments::Moments;
use crate::random::{Purpose, Stream};

const ALL: [Activation; 4] = [Activation::Silu, Activation::Relu, Activation::Relu6, Activation::HardSwish];

/// How far a derivative may be from a central difference of f32 values: the step's truncation, and the values'
/// rounding.
const SLOPE_TOLERANCE: f64 = 2e-3;

/// How far a value may be from the one that f64 gives, relative to 1 + its size: some ten roundings.
const ROUNDING_TOLERANCE: f32 = 1e-6;

/// How far moments may be from f64's where the mean is 1,000 standard deviations: f32 holds such values to 6e-5.
const FAR_MEAN_TOLERANCE: f64 = 1e-3;

/// How far gradients may be apart that round their factors in another order, relative to 1 + their size.
const ORDER_TOLERANCE: f32 = 1e-5;

fn normal(sample: u64, length: usize) -> Vec<f32> {
    let stream = Stream::new(5, Purpose::Bench, 0, sample, 0);
    (0..length as u64).map(|element| stream.normal(element) as f32).collect()
}

#[test]
fn derivatives_are_those_of_the_values() {
    for activation in ALL {
        for at in -800..800 {
            let u = at as f32 * 0.01 + 0.0033;
            let slope = f64::from(value(activation, u + 0.004) - value(activation, u - 0.004)) / 0.008;
            let found = f64::from(derivative(activation, u));
            let kinks = [-3.0, 0.0, 3.0, 6.0];
            if kinks.iter().all(|kink: &f32| (u - kink).abs() > 0.01) {
                assert!((slope - found).abs() < SLOPE_TOLERANCE, "{activation:?} at {u}: {slope} and {found}");
            }
        }
    }
}

#[test]
fn activations_have_their_known_values() {
    assert!((value(Activation::Silu, 1.0) - 0.731_058_6).abs() < ROUNDING_TOLERANCE);
    assert_eq!(value(Activation::Relu6, 7.0), 6.0);
    assert_eq!(value(Activation::HardSwish, -3.0), 0.0);
    assert_eq!(value(Activation::HardSwish, 4.0), 4.0);
    for activation in ALL {
        assert_eq!(value(activation, 0.0), 0.0);
        assert!(value(activation, f32::NAN).is_nan(), "{activation:?} hides NaN");
    }
}

/// Moments of a map, in parts as tasks would write them.
pub(crate) fn moments(level: Level, z: &[f32], channels: usize) -> Moments {
    const PIXELS: usize = 37;
    let mut z = z.to_vec();
    let parts: Vec<usize> = z.chunks(PIXELS * channels).map(|part| part.len() / channels).collect();
    let mut found = Some(PartMoments::new(channels, parts.clone()));
    let (slots, map) = (Slots::of(&mut found), Shared::new(&mut z));
    for (part, pixels) in parts.into_iter().enumerate() {
        // Two runs of channels, as tasks that share a part find them.
        for run in [0..channels / 2, channels / 2..channels] {
            let rows = Rows::contiguous(part * PIXELS * channels + run.start, channels);
            // SAFETY: nobody else accesses the map or the moments.
            unsafe { slots.find(level, part, run, ViewMut::new(map, rows), (1, pixels)) }
        }
    }
    found.unwrap().join()
}

#[test]
fn moments_do_not_cancel() {
    // A mean of 1,000 standard deviations: a sum of squares in f32 would leave nothing of the variance.
    let channels = 5;
    let z: Vec<f32> = normal(0, 20_000 * channels).iter().map(|z| 1000.0 + z).collect();
    for level in Level::available() {
        let found = moments(level, &z, channels);
        for channel in 0..channels {
            let values: Vec<f64> = z.iter().skip(channel).step_by(channels).map(|z| f64::from(*z)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / values.len() as f64;
            assert!((f64::from(found.mean()[channel]) - mean).abs() < FAR_MEAN_TOLERANCE);
            assert!(
                (f64::from(found.variance()[channel]) / variance - 1.0).abs() < FAR_MEAN_TOLERANCE,
                "{}",
                level.name()
            );
        }
    }
    assert_eq!(moments(Level::current(), &[3.0], 1).unbiased_variance(), [0.0]);
}

/// Some channels of an area of a wider map, between unmapped pages: nothing outside is read, and the moments are the
/// definition's.
#[test]
fn moments_of_an_area_are_those_of_its_pixels() {
    const ALL: usize = 41;
    for (lines, pixels, first, channels) in [(1, 1, 0, 41), (1, 96, 40, 1), (3, 7, 8, 33), (5, 2, 3, 16), (2, 9, 0, 0)]
    {
        let rows = Rows { start: first, line: (pixels + 2) * ALL, row: ALL };
        let values = normal(11, rows.end(lines, pixels, channels.max(1)));
        for (level, side) in Level::available().into_iter().flat_map(|level| SIDES.map(|side| (level, side))) {
            let mut map = Guarded::new(&values, side);
            let mut found = Some(PartMoments::new(ALL, vec![lines * pixels]));
            let written = ViewMut::new(Shared::new(&mut map), rows);
            // SAFETY: nobody else accesses the map or the moments.
            unsafe { Slots::of(&mut found).find(level, 0, first..first + channels, written, (lines, pixels)) }
            let found = found.unwrap().join();
            for channel in 0..ALL {
                let of_channel: Vec<f64> = (0..if (first..first + channels).contains(&channel) { lines } else { 0 })
                    .flat_map(|line| (0..pixels).map(move |pixel| line * rows.line + pixel * rows.row + channel))
                    .map(|at| f64::from(values[at]))
                    .collect();
                let count = of_channel.len().max(1) as f64;
                let mean = of_channel.iter().sum::<f64>() / count;
                let variance = of_channel.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / count;
                let (name, tolerance) = (level.name(), f64::from(ROUNDING_TOLERANCE));
                assert!((f64::from(found.mean()[channel]) - mean).abs() <= tolerance, "{name}: mean of {channel}");
                assert!(
                    (f64::from(found.variance()[channel]) - variance).abs() <= tolerance * (1.0 + variance),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn a_dropped_branch_leaves_the_shortcut_and_no_gradient() {
    let (channels, pixels) = (7, 6);
    let z = normal(1, 2 * pixels * channels);
    let values = normal(2, z.len());
    let ones = vec![1.0; channels];
    let norm = Normalisation::new(&vec![0.0; channels], &ones, &ones, &vec![0.0; channels], 0.0, None);
    for level in Level::available() {
        for activation in ALL.map(Some).into_iter().chain([None]) {
            let branch = [0.0, 2.0];
            let mut y = vec![f32::NAN; z.len()];
            forward(level, &z, &mut y, &norm, activation, Some(Residual { values: &values, branch: &branch }));
            assert_eq!(y[..pixels * channels], values[..pixels * channels]);
            let mut dz = vec![f32::NAN; z.len()];
            let of_result = OfResult { affine: None, branch: Some(&branch) };
            backward(level, &z, Some(&vec![1.0; z.len()]), of_result, &norm, activation, &mut dz).unwrap();
            assert!(dz[..pixels * channels].iter().all(|gradient| *gradient == 0.0));
            let expected = match activation {
                Some(activation) => 2.0 * derivative(activation, z[pixels * channels]),
                None => 2.0,
            };
            assert!((dz[pixels * channels] - expected).abs() < ORDER_TOLERANCE);
        }
    }
}

/// A gradient that is changed where it is read gives what the changed one gives.
#[test]
fn an_affine_gradient_is_that_which_was_written_out() {
    let (images, pixels, channels) = (3, 5, 19);
    let z = normal(1, images * pixels * channels);
    let (values, factor, added) = (normal(2, z.len()), normal(3, images * channels), normal(4, images * channels));
    let image = |at: usize| at / (pixels * channels) * channels + at % channels;
    let written: Vec<f32> = (0..z.len()).map(|at| values[at].mul_add(factor[image(at)], added[image(at)])).collect();
    let [mean, gamma, beta] = [5, 6, 7].map(|sample| normal(sample, channels));
    let norm = Normalisation::new(&mean, &vec![1.5; channels], &gamma, &beta, 1e-3, Some(images * pixels));
    for level in Level::available() {
        let run = |values: &[f32], affine, is_own: bool| {
            let (mut dz, of_result) = (vec![f32::NAN; z.len()], OfResult { affine, branch: None });
            let values = if is_own {
                dz.copy_from_slice(values);
                None
            } else {
                Some(values)
            };
            let [gamma, beta] = backward(level, &z, values, of_result, &norm, Some(Activation::Silu), &mut dz).unwrap();
            [dz, gamma, beta].concat()
        };
        let affine = Some([&factor[..], &added[..]]);
        let expected = run(&written, None, false);
        assert_eq!(run(&written, None, true), expected);
        for is_own in [false, true] {
            for (found, expected) in run(&values, affine, is_own).iter().zip(&expected) {
                // Portable code may round the product before the sum.
                assert!(
                    (found - expected).abs() <= ORDER_TOLERANCE * (1.0 + expected.abs()),
                    "{}: {found}, {expected}",
                    level.name()
                );
            }
        }
    }
}
