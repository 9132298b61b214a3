//! Some samples of a source, as a source.

use std::sync::Arc;

use image::RgbImage;

use super::split::set_aside;
use super::{Source, Split};
use crate::data::error::Error;
use crate::random::{Purpose, Stream};

/// Divides the training images of a data set once more, and leaves its validation images alone: `fraction` of each class,
/// rounded, is held out by the seed, and becomes the part to validate on.
///
/// # Errors
/// If the fraction is not between 0 and 1, or no class has two training images.
pub fn hold_out(split: &Split, fraction: f64, seed: u64) -> Result<Split, Error> {
    if !(fraction > 0.0 && fraction < 1.0) {
        return Err(Error::Option(format!("the share {fraction} of images to hold out is not between 0 and 1")));
    }
    let source = &split.train;
    let labels: Vec<usize> = (0..source.len()).map(|sample| source.label(sample)).collect();
    // The step tells these draws from those of the division into training and validation.
    let rank = |sample: usize| Stream::new(seed, Purpose::Split, 1, sample as u64, 0).bits(0);
    let held_out = set_aside(labels.into_iter(), rank, fraction);
    if !held_out.contains(&true) {
        let reason = "the training part has one image a class: holding some out needs at least two in some class";
        return Err(Error::Option(reason.to_owned()));
    }
    let part = |wanted: bool| -> Arc<dyn Source> {
        let samples = held_out.iter().enumerate().filter(|(_, held_out)| **held_out == wanted);
        Arc::new(Subset::new(source, samples.map(|(sample, _)| sample).collect()))
    };
    Ok(Split { train: part(false), val: part(true), val_fraction: Some(fraction), ignored: split.ignored.clone() })
}

/// Some samples of a source, in its order.
struct Subset {
    source: Arc<dyn Source>,
    samples: Vec<usize>,
}

impl Subset {
    fn new(source: &Arc<dyn Source>, samples: Vec<usize>) -> Self {
        Self { source: Arc::clone(source), samples }
    }
}

impl Source for Subset {
    fn classes(&self) -> &[String] {
        self.source.classes()
    }

    fn len(&self) -> usize {
        self.samples.len()
    }

    fn label(&self, index: usize) -> usize {
        self.source.label(self.samples[index])
    }

    fn name(&self, index: usize) -> String {
        self.source.name(self.samples[index])
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
        self.source.read(self.samples[index])
    }

    fn image(&self, index: usize) -> Result<RgbImage, Error> {
        self.source.image(self.samples[index])
    }

    /// The source's own order, which it can follow, without the other samples.
    fn order(&self, seed: u64, epoch: u64) -> Vec<usize> {
        let order = self.source.order(seed, epoch);
        order.into_iter().filter_map(|sample| self.samples.binary_search(&sample).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;

    #[test]
    fn held_out_images_are_a_share_of_each_class_and_of_the_training_part_alone() {
        let split = digits().unwrap();
        let [held, again, other] = [7, 7, 8].map(|seed| hold_out(&split, 0.2, seed).unwrap());
        assert_eq!(held.train.len() + held.val.len(), split.train.len());
        let names = |source: &Arc<dyn Source>| (0..source.len()).map(|at| source.name(at)).collect::<Vec<_>>();
        let (train, val) = (names(&held.train), names(&held.val));
        assert!(val.iter().all(|name| !train.contains(name)));
        assert!(names(&split.val).iter().all(|name| !train.contains(name) && !val.contains(name)));
        assert_eq!(val, names(&again.val));
        assert_ne!(val, names(&other.val));
        for class in 0..10 {
            let count = |source: &Arc<dyn Source>| (0..source.len()).filter(|at| source.label(*at) == class).count();
            let (all, aside) = (count(&split.train), count(&held.val));
            assert_eq!(aside, (all as f64 * 0.2).round() as usize, "class {class}");
        }
        let mut order = held.train.order(3, 1);
        order.sort_unstable();
        assert!(order.into_iter().eq(0..held.train.len()));
    }

    #[test]
    fn a_share_is_between_0_and_1() {
        for share in [0.0, 1.0, -0.5, f64::NAN] {
            assert!(hold_out(&digits().unwrap(), share, 0).is_err());
        }
    }
}
