//! `--weights`, which several commands share, and the network that a weights file becomes.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};
use effnet_runtime::Dialect;
use effnet_runtime::data::EvalTransform;
use effnet_runtime::weights::{Metadata, Source, WeightsFile};

use super::architecture::{Architecture, Design};
use super::device::Place;
use super::dialect::DialectFlags;
use super::labels::Labels;
use super::runner::Runner;

/// The weights of a command that runs them.
#[derive(Args, Clone, Debug)]
pub(super) struct Weights {
    /// Weights of train, timm, torchvision, Keras and others: a file, a folder with one, or hf:owner/name[@revision]
    #[arg(long, value_name = "SOURCE", value_parser = source_parser())]
    weights: Source,
    #[command(flatten)]
    account: Account,
}

/// What a weights file of another implementation does not say about itself.
#[derive(Args, Clone, Debug)]
pub(super) struct Account {
    #[command(flatten)]
    dialect: DialectFlags,
    #[command(flatten)]
    labels: Labels,
    /// Take the plain weights of a file that has averaged ones too
    #[arg(long)]
    no_ema: bool,
    /// The network, for a file that does not say it
    #[command(flatten)]
    architecture: Architecture,
}

/// Reads a source; a path may be any bytes that the system takes.
pub(super) fn source_parser() -> impl TypedValueParser<Value = Source> {
    PathBufValueParser::new().try_map(Source::try_from)
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

impl Account {
    /// Opens a file, and says what is known of its weights.
    pub(super) fn open(&self, source: &Source) -> Result<(WeightsFile, Metadata)> {
        let path = source.find()?;
        let file = if self.no_ema { WeightsFile::open_plain(path) } else { WeightsFile::open(path) }?;
        let Design { name, spec, .. } = self.architecture.design_for(&file)?;
        let dialect = file.dialect(&spec, self.dialect.said())?;
        let labels = self.labels.of(&file)?;
        Ok((file, Metadata { name, spec, labels, dialect, training: None }))
    }
}

/// Whether two paths lead to one file, which is there.
pub(super) fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

impl Weights {
    /// Opens the file, and says what is known of its weights.
    pub(super) fn open(&self) -> Result<(WeightsFile, Metadata)> {
        self.account.open(&self.weights)
    }

    /// Reads the file, onto a device. Sets the process's number of threads.
    pub(super) fn load(&self, place: &Place) -> Result<Model> {
        place.threads.apply();
        let (file, Metadata { name, spec, labels, dialect, .. }) = self.open()?;
        let runner = Runner::open(&file, &spec, dialect.clone().into(), &place.open()?, place.precision())?;
        if runner.num_classes() == 0 {
            bail!("{} has no classifier: its network puts out embeddings and tells no classes", file.path().display());
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
