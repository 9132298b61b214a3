//! What a run's settings name: its images, and its network.

use std::sync::Arc;

use candle_core::{Device, Result as CandleResult};
use candle_nn::VarBuilder;
use effnet_spec::Spec;

use super::config::{Config, OnBadImage};
use super::error::{Error, Result};
use crate::data::{
    self, EvalTransform, LastBatch, Loader, LoaderOptions, Normalise, Source, Split, TrainTransform, Transform,
    Validation,
};
use crate::dialect::Dialect;
use crate::network::Network;
use crate::params::Params;
use crate::weights::{self, Classifier, Convention, WeightsFile};

/// Makes a network of a number of classes from a builder: a closure around the `new` of a type of `efficientnet_v2!`.
pub type Build<'a> = &'a dyn Fn(usize, VarBuilder<'static>) -> CandleResult<Box<dyn Network>>;

/// Table and settings of what `build` makes.
///
/// # Errors
/// When it makes nothing.
pub fn spec_of(build: Build<'_>) -> Result<Spec> {
    // Zeros cost neither time nor memory before somebody writes to them.
    let network = build(1, Params::for_loading(None, &Device::Cpu).builder())?;
    Ok(network.spec().clone())
}

/// The device of this name.
///
/// # Errors
/// When this build cannot compute there.
pub fn device(name: &str) -> Result<Device> {
    match name {
        "cpu" => Ok(Device::Cpu),
        name if name == "cuda" || name.starts_with("cuda:") => Err(Error::Setting(format!(
            "--device {name}: this build of effnet has no CUDA support; leave --device out"
        ))),
        name => Err(Error::Setting(format!("there is no device `{name}`: the devices are cpu and cuda"))),
    }
}

/// The data set that the settings name, divided.
///
/// # Errors
/// When it is not there, or no data set.
pub fn open_data(config: &Config) -> Result<Split> {
    let split = match (&config.data.path, config.data.val_fraction) {
        (None, None) => data::digits()?,
        (None, Some(_)) => {
            return Err(Error::Setting(
                "the bundled digits have a validation set of their own: leave out --val-fraction, or name a data set with \
                 --data"
                    .to_owned(),
            ));
        }
        (Some(path), fraction) => {
            data::open(path, fraction.map_or(Validation::Auto, Validation::Fraction), config.seed)?
        }
    };
    Ok(split)
}

/// The network that the settings name, for `classes` classes: with weights drawn from the seed, or those of the file
/// that the run begins with.
///
/// # Errors
/// When the file cannot be read, or its weights do not fit.
pub fn build_network(config: &Config, build: Build<'_>, spec: &Spec, classes: usize) -> Result<Box<dyn Network>> {
    let device = device(&config.compute.device)?;
    let file = config.pretrained.path.as_ref().map(WeightsFile::open).transpose()?;
    let dialect = match &file {
        Some(file) => file.dialect(spec, convention(config.pretrained.dialect.as_deref())?)?,
        None => Dialect::of(&spec.settings),
    };
    let params = Params::on(config.seed, &device).with_dialect(Dialect { test_size: config.eval_size, ..dialect });
    let network = build(classes, params.builder())?;
    if let Some(file) = &file {
        weights::load(file, network.as_ref(), Classifier::KeptIfOther)?;
    }
    Ok(network)
}

/// The conventions of this name, if there is one.
pub(crate) fn convention(name: Option<&str>) -> Result<Option<Convention>> {
    Ok(name.map(str::parse).transpose()?)
}

/// How the settings have images loaded.
fn options(config: &Config, epoch: u64) -> LoaderOptions {
    LoaderOptions {
        threads: config.compute.loader_threads,
        seed: config.seed,
        epoch,
        on_bad_image: match config.data.on_bad_image {
            OnBadImage::Fail => data::OnBadImage::Fail,
            OnBadImage::Skip => data::OnBadImage::Skip,
        },
        ..LoaderOptions::new(config.batch)
    }
}

/// Batches of an epoch.
pub fn batches(config: &Config, images: usize) -> u64 {
    LoaderOptions { last: LastBatch::Drop, ..options(config, 0) }.batches(images) as u64
}

/// What training images go through.
fn train_transform(config: &Config, network: &dyn Network) -> Result<TrainTransform> {
    let dialect = network.dialect();
    let normalise = Normalise::new(network.spec().settings.in_channels, &dialect.mean, &dialect.std)?;
    Ok(TrainTransform {
        scale: config.augment.scale,
        ratio: config.augment.ratio,
        flip: config.augment.flip,
        interpolation: dialect.interpolation,
        ..TrainTransform::new(config.size, normalise)
    })
}

/// What validation images go through.
fn eval_transform(config: &Config, network: &dyn Network) -> Result<EvalTransform> {
    Ok(EvalTransform::of(network.dialect(), config.eval_size, network.spec().settings.in_channels)?)
}

/// Whether the settings of the images make sense, before anything is written.
///
/// # Errors
/// With the first that does not.
pub(crate) fn check_transforms(config: &Config, network: &dyn Network) -> Result<()> {
    train_transform(config, network)?.check()?;
    Ok(eval_transform(config, network)?.check()?)
}

/// The training batches of an epoch, from batch `first` on.
///
/// # Errors
/// When a setting makes no sense.
pub fn train_loader(
    config: &Config,
    source: &Arc<dyn Source>,
    network: &dyn Network,
    epoch: u64,
    first: u64,
) -> Result<Loader> {
    let transform = train_transform(config, network)?;
    let options = LoaderOptions { last: LastBatch::Drop, skip_batches: first as usize, ..options(config, epoch) };
    let order = source.order(config.seed, epoch);
    Ok(Loader::new(source.clone(), Arc::new(transform), order, &options)?)
}

/// The images of `source` in their order, as evaluation sees them.
///
/// # Errors
/// When a setting makes no sense.
pub fn eval_loader(config: &Config, source: &Arc<dyn Source>, network: &dyn Network) -> Result<Loader> {
    let transform = eval_transform(config, network)?;
    Ok(Loader::new(source.clone(), Arc::new(transform), (0..source.len()).collect(), &options(config, 0))?)
}
