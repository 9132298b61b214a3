//! `--mode load`: reading and transforming a data set's images for training.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use effnet_runtime::data::{self, Loader, LoaderOptions, Normalise, Policy, TrainTransform};
use effnet_runtime::spec::DEFAULT_SIZE;

use super::{Bench, Measurement};

/// automl's policy for S, at its last stage.
const POLICY: Policy = Policy::RandAugment { layers: 2, magnitude: 10.0 };

impl Bench {
    /// Times the loading of all images of the data set at `path`, in colour. Each run has the draws of its own epoch.
    pub(super) fn load(&self, path: &Path, threads: usize) -> Result<()> {
        let source = data::open_whole(path)?;
        if source.is_empty() {
            bail!("there are no images in {}", path.display());
        }
        let size = self.size.map_or(DEFAULT_SIZE, |size| size as usize);
        let normalise = Normalise::new(3, &[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225])?;
        let transform = Arc::new(TrainTransform { policy: Some(POLICY), ..TrainTransform::new(size, normalise) });
        let times = self.time(|number| {
            let order = data::order(0, number, source.len());
            let options = LoaderOptions { epoch: number, threads, ..LoaderOptions::new(self.batch as usize) };
            for batch in Loader::new(Arc::clone(&source), transform.clone(), order, &options)? {
                batch?;
            }
            Ok(())
        })?;
        let measurement = self.measurement(path.display().to_string(), size, threads, times, source.len());
        self.print(&Measurement { classes: source.classes().len(), ..measurement })
    }
}
