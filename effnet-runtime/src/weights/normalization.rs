//! The mean and the variance of images, which Keras's first EfficientNet has among its weights.

use super::file::WeightsFile;
use crate::dialect::Dialect;

/// Numbers in f32 that are the same by another arithmetic.
const SAME: f64 = 1e-6;

/// Whether a tensor of Keras's layer `Normalization` says of images what the dialect takes of them anyway.
pub(super) fn is_of_dialect(file: &WeightsFile, name: &str, dialect: &Dialect) -> bool {
    let Some((layer, variable)) = name.rsplit_once('/') else { return false };
    // Keras numbers the layers of a class that one session has made.
    let class = layer.trim_end_matches(|letter: char| letter.is_ascii_digit()).trim_end_matches('_');
    class == "normalization"
        && match variable {
            "mean" => has(file, name, &dialect.mean, |mean| mean),
            // The weights of ImageNet that Keras publishes have the deviation itself, and their network a layer that divides
            // by its root once more.
            "variance" => {
                has(file, name, &dialect.std, |std| std * std) || has(file, name, &dialect.std, |deviation| deviation)
            }
            // It counts the pictures that mean and variance were computed from.
            "count" => true,
            _ => false,
        }
}

/// Whether a tensor has the values that `of` makes of a dialect's: one a channel, or one for all.
fn has(file: &WeightsFile, name: &str, expected: &[f64], of: fn(f64) -> f64) -> bool {
    let expected = expected.iter().map(|value| of(*value)).cycle();
    let same = |(found, expected): (&f32, f64)| (f64::from(*found) - expected).abs() <= SAME * expected.abs();
    file.values(name).is_ok_and(|found| found.iter().zip(expected).all(same))
}
