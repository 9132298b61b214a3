//! Bounds that settings of several transforms share.

use super::error::Error;

/// A probability.
pub(super) fn probability(name: &str, value: f64) -> Result<(), Error> {
    Error::require((0.0..=1.0).contains(&value), || format!("{name} {value} is not within 0..=1"))
}

/// The least and the greatest share of an area.
pub(super) fn shares(name: &str, range: (f64, f64)) -> Result<(), Error> {
    Error::require(is_ordered(range) && range.1 <= 1.0, || format!("{name} {range:?} is not within 0..=1 and in order"))
}

/// The least and the greatest aspect.
pub(super) fn ratios(name: &str, range: (f64, f64)) -> Result<(), Error> {
    Error::require(is_ordered(range), || format!("{name} {range:?} is not above 0 and in order"))
}

fn is_ordered((low, high): (f64, f64)) -> bool {
    low > 0.0 && low <= high && high.is_finite()
}
