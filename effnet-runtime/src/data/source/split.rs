use std::borrow::Borrow;
use std::collections::BTreeMap;

use crate::data::error::Error;
use crate::random::{Purpose, Stream, hash_name};

/// The fraction set aside for validation where neither the data set nor the user gives one.
pub const DEFAULT_VAL_FRACTION: f64 = 0.2;

/// The choice of the images to validate on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Validation {
    /// The data set's own choice; where it makes none, [`DEFAULT_VAL_FRACTION`] of each class.
    #[default]
    Auto,
    /// This fraction of each class, chosen by the seed. Refused where the data set has a validation part of its own.
    Fraction(f64),
}

impl Validation {
    /// The fraction to set aside where the data set has no validation part.
    pub(super) fn fraction(self) -> Result<f64, Error> {
        match self {
            Self::Auto => Ok(DEFAULT_VAL_FRACTION),
            Self::Fraction(fraction) if fraction > 0.0 && fraction < 1.0 => Ok(fraction),
            Self::Fraction(fraction) => Err(Error::Option(format!("--val-fraction {fraction} is not between 0 and 1"))),
        }
    }
}

/// A sample's rank in the lottery of [`set_aside`]: a draw keyed by its own name, so that new samples move few others
/// between the parts.
pub(super) fn rank(seed: u64, name: &str) -> u64 {
    Stream::new(seed, Purpose::Split, 0, hash_name(name), 0).bits(0)
}

/// Chooses the samples to validate on, by their labels: in each class the `fraction` with the lowest ranks, rounded; at
/// least one in a class of two or more, never all.
pub(super) fn set_aside(
    labels: impl ExactSizeIterator<Item = usize>,
    rank: impl Fn(usize) -> u64,
    fraction: f64,
) -> Vec<bool> {
    let mut aside = vec![false; labels.len()];
    let mut classes: BTreeMap<usize, Vec<(u64, usize)>> = BTreeMap::new();
    for (sample, label) in labels.enumerate() {
        classes.entry(label).or_default().push((rank(sample), sample));
    }
    for mut class in classes.into_values() {
        class.sort_unstable();
        let wanted = (class.len() as f64 * fraction).round() as usize;
        let count = wanted.max(1).min(class.len().saturating_sub(1));
        class[..count].iter().for_each(|(_, sample)| aside[*sample] = true);
    }
    aside
}

/// The least number of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Least {
    /// Two, to train on.
    Two,
    /// One, to measure weights on, which may know more.
    One,
}

/// A few names of many.
pub(super) fn list_some<S: Borrow<str>>(names: &[S]) -> String {
    let shown = names[..names.len().min(5)].join(", ");
    if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
}
