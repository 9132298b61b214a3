//! `--weights`, which several commands share, and the network that a weights file becomes.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use effnet_runtime::Dialect;
use effnet_runtime::data::EvalTransform;
use effnet_runtime::weights::{Convention, Metadata, WeightsFile};

use super::architecture::{Architecture, Design};
use super::device::Place;
use super::runner::Runner;

/// The weights, and what a file of another implementation does not say about itself.
#[derive(Args, Clone, Debug)]
pub(super) struct Weights {
    /// A weights file: one that train wrote, or torchvision's, timm's or WZMIAOMIAO's
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
    /// Conventions of a file whose names do not tell them: torchvision, wzm, timm, timm-tf, keras or automl
    #[arg(long, value_name = "NAME")]
    dialect: Option<Convention>,
    /// The network, for a file that does not say it
    #[command(flatten)]
    architecture: Architecture,
}

/// A network with the weights of a file, for inference.
pub(super) struct Model {
    /// Its name for people.
    pub(super) name: String,
    /// The network.
    pub(super) runner: Runner,
    dialect: Dialect,
    in_channels: usize,
    /// The classes' names, in the classifier's order; empty where the file has none.
    pub(super) labels: Vec<String>,
}

impl Weights {
    /// Opens the file, and says what is known of its weights.
    pub(super) fn open(&self) -> Result<(WeightsFile, Metadata)> {
        let file = WeightsFile::open(&self.weights)?;
        let Design { name, spec, .. } = self.architecture.design_for(&file)?;
        let labels = file.metadata().map(|metadata| metadata.labels.clone()).unwrap_or_default();
        let dialect = file.dialect(&spec, self.dialect)?;
        Ok((file, Metadata { name, spec, labels, dialect, training: None }))
    }

    /// Reads the file, onto a device. Sets the process's number of threads.
    pub(super) fn load(&self, place: &Place) -> Result<Model> {
        place.threads.apply();
        let (file, Metadata { name, spec, labels, dialect, .. }) = self.open()?;
        let runner = Runner::open(&file, &spec, self.dialect, &place.open()?, place.precision())?;
        if runner.num_classes() == 0 {
            bail!("{} has no classifier: its network puts out embeddings and tells no classes", self.weights.display());
        }
        Ok(Model { name, runner, dialect, in_channels: spec.settings.in_channels, labels })
    }
}

/// The error for logits that are not finite.
pub(super) fn not_finite(image: &str) -> anyhow::Error {
    anyhow!("the logits of {image} are not finite: the weights are damaged, or diverged while they were trained")
}

impl Model {
    /// The transform that the weights expect, at the given size or the dialect's own.
    pub(super) fn transform(&self, size: Option<usize>) -> Result<EvalTransform> {
        let size = size.unwrap_or(self.dialect.test_size);
        Ok(EvalTransform::of(&self.dialect, size, self.in_channels)?)
    }

    /// The name of a class, or its number where it has none.
    pub(super) fn label(&self, class: usize) -> String {
        self.labels.get(class).cloned().unwrap_or_else(|| class.to_string())
    }
}
