//! The work to time: reading and transforming a data set's images for training.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use effnet_runtime::data::{self, Loader, LoaderOptions, Normalise, Policy, Source, TrainTransform};

/// automl's policy for S, at its last stage.
const POLICY: Policy = Policy::RandAugment { layers: 2, magnitude: 10.0 };

/// A data set's images, and the transform to load them with.
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

    /// Number of images that a run loads.
    pub(super) fn images(&self) -> usize {
        self.source.len()
    }

    /// Number of their classes.
    pub(super) fn classes(&self) -> usize {
        self.source.classes().len()
    }

    /// Loads every image once, with the draws of epoch `number`.
    pub(super) fn run(&self, number: u64) -> Result<()> {
        let order = data::order(0, number, self.source.len());
        let options = LoaderOptions { epoch: number, ..self.options.clone() };
        for batch in Loader::new(Arc::clone(&self.source), self.transform.clone(), order, &options)? {
            batch?;
        }
        Ok(())
    }
}
