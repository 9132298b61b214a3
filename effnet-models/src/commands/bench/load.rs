//! What is timed: reading and transforming a folder's images for training.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use effnet_runtime::data::{self, Loader, LoaderOptions, Normalise, Policy, Source, TrainTransform};

/// automl's for S, at its last stage.
const POLICY: Policy = Policy::RandAugment { layers: 2, magnitude: 10.0 };

/// A data set's images, and what they go through.
pub(super) struct Load {
    source: Arc<dyn Source>,
    transform: Arc<TrainTransform>,
    options: LoaderOptions,
}

impl Load {
    /// All images of a data set, in colour.
    pub(super) fn open(path: &Path, size: usize, batch: usize, threads: usize) -> Result<Self> {
        let source = data::open_whole(path)?;
        if source.is_empty() {
            bail!("there are no images in {}", path.display());
        }
        let normalise = Normalise::new(3, &[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225])?;
        let transform = TrainTransform { policy: Some(POLICY), ..TrainTransform::new(size, normalise) };
        let options = LoaderOptions { threads, ..LoaderOptions::new(batch) };
        Ok(Self { source, transform: Arc::new(transform), options })
    }

    /// How many images a run loads.
    pub(super) fn images(&self) -> usize {
        self.source.len()
    }

    /// How many classes they are of.
    pub(super) fn classes(&self) -> usize {
        self.source.classes().len()
    }

    /// Loads every image once, with the draws of an epoch of this number.
    pub(super) fn run(&self, number: u64) -> Result<()> {
        let order = data::order(0, number, self.source.len());
        let options = LoaderOptions { epoch: number, ..self.options.clone() };
        for batch in Loader::new(Arc::clone(&self.source), self.transform.clone(), order, &options)? {
            batch?;
        }
        Ok(())
    }
}
