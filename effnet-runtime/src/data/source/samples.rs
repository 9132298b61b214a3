use std::sync::Arc;

use image::RgbImage;

use super::Source;
use crate::data::decode::decode;
use crate::data::error::Error;
use crate::random;

/// A labelled picture. Samples are ordered by their places.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sample<P> {
    /// Where a [`Store`] has the picture.
    pub(super) place: P,
    pub(super) label: u32,
}

/// A store that holds a data set's pictures.
pub(super) trait Store: Send + Sync + 'static {
    type Place: Send + Sync;

    /// The name of a picture for people.
    fn name(&self, place: &Self::Place) -> String;

    /// A name that stays when the data set moves.
    fn key(&self, place: &Self::Place) -> String {
        self.name(place)
    }

    /// Reads the encoded picture.
    fn read(&self, place: &Self::Place) -> Result<Vec<u8>, Error>;

    fn image(&self, place: &Self::Place) -> Result<RgbImage, Error> {
        decode(&self.read(place)?, &self.name(place))
    }

    /// The order in which a training epoch reads the samples.
    fn order(&self, samples: &[Sample<Self::Place>], seed: u64, epoch: u64) -> Vec<usize> {
        random::order(seed, epoch, samples.len())
    }
}

/// Some pictures of a data set.
pub(super) struct Samples<S: Store + ?Sized> {
    pub(super) store: Arc<S>,
    pub(super) classes: Arc<[String]>,
    pub(super) samples: Vec<Sample<S::Place>>,
}

impl<S: Store + ?Sized> Samples<S> {
    /// Other pictures of the same data set.
    pub(super) fn with(&self, samples: Vec<Sample<S::Place>>) -> Self {
        Self { store: Arc::clone(&self.store), classes: Arc::clone(&self.classes), samples }
    }
}

impl<S: Store + ?Sized> Source for Samples<S> {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn len(&self) -> usize {
        self.samples.len()
    }

    fn label(&self, index: usize) -> usize {
        self.samples[index].label as usize
    }

    fn name(&self, index: usize) -> String {
        self.store.name(&self.samples[index].place)
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
        self.store.read(&self.samples[index].place)
    }

    fn image(&self, index: usize) -> Result<RgbImage, Error> {
        self.store.image(&self.samples[index].place)
    }

    fn order(&self, seed: u64, epoch: u64) -> Vec<usize> {
        self.store.order(&self.samples, seed, epoch)
    }
}
