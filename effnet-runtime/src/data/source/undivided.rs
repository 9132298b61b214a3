use std::collections::BTreeSet;
use std::sync::Arc;

use super::samples::{Samples, Store};
use super::split::{Least, Validation, rank, set_aside};
use super::{Ignored, Source, Split};
use crate::data::error::Error;

/// A data set before it is divided.
pub(super) trait Divide {
    fn split(self: Box<Self>, validation: Validation, seed: u64, least: Least) -> Result<Split, Error>;

    /// All pictures as one source.
    fn whole(self: Box<Self>) -> Result<Arc<dyn Source>, Error>;

    /// All pictures as one source whose classes do not matter.
    fn pictures(self: Box<Self>) -> Result<Arc<dyn Source>, Error> {
        self.whole()
    }
}

/// Pictures, and which of them its maker set aside for validation.
pub(super) struct Undivided<S: Store + ?Sized> {
    /// The data set's path, for messages.
    pub(super) origin: String,
    pub(super) samples: Samples<S>,
    pub(super) division: Option<Division>,
    pub(super) ignored: Ignored,
}

/// A data set's own division.
pub(super) struct Division {
    /// Whether each picture is for validation.
    pub(super) for_val: Vec<bool>,
    /// Says that there is such a division, as the rest of a sentence that begins with the data set.
    pub(super) owned: &'static str,
    /// Says that the part of this name is empty, and what to do, as the rest of such a sentence.
    pub(super) empty: fn(&str) -> String,
}

impl<S: Store + ?Sized> Divide for Undivided<S> {
    fn split(self: Box<Self>, validation: Validation, seed: u64, least: Least) -> Result<Split, Error> {
        let Self { origin, samples, division, ignored } = *self;
        let Samples { store, classes, samples } = samples;
        let refuse = |reason: String| Err(Error::layout(&origin, reason));
        if let ([class], Least::Two) = (&*classes, least) {
            return refuse(format!("has only one class, {class}: a classifier needs at least two"));
        }
        let (for_val, val_fraction) = match (division, validation) {
            (Some(Division { owned, .. }), Validation::Fraction(_)) => {
                return refuse(format!("{owned}: leave out --val-fraction"));
            }
            (Some(Division { for_val, empty, .. }), Validation::Auto) => {
                for (part, is_val) in [("train", false), ("val", true)] {
                    if !for_val.contains(&is_val) {
                        return refuse(empty(part));
                    }
                }
                (for_val, None)
            }
            (None, validation) => {
                let fraction = validation.fraction()?;
                let rank = |at: usize| rank(seed, &store.key(&samples[at].place));
                (set_aside(samples.iter().map(|sample| sample.label as usize), rank, fraction), Some(fraction))
            }
        };
        let (mut train, mut val) = (Vec::new(), Vec::new());
        for (sample, for_val) in samples.into_iter().zip(for_val) {
            if for_val { val.push(sample) } else { train.push(sample) }
        }
        let learned: BTreeSet<u32> = train.iter().map(|sample| sample.label).collect();
        if let Some(stranger) = val.iter().find(|sample| !learned.contains(&sample.label)) {
            let class = &classes[stranger.label as usize];
            return refuse(format!("has the class {class} in val but not in train: add it"));
        }
        if val.is_empty() {
            return refuse("has one image a class: a validation set needs at least two in some class".to_owned());
        }
        let part = |samples| Arc::new(Samples { store: Arc::clone(&store), classes: Arc::clone(&classes), samples });
        Ok(Split { train: part(train), val: part(val), val_fraction, ignored })
    }

    fn whole(self: Box<Self>) -> Result<Arc<dyn Source>, Error> {
        Ok(Arc::new(self.samples))
    }
}
