//! Builds what a run's settings name: its images and its network.

use std::sync::Arc;

use candle_core::{Device, Result as CandleResult, Tensor};
use candle_nn::VarBuilder;
use effnet_spec::Spec;

use super::config::{Config, PolicyKind, PretrainedConfig};
use super::error::{Error, Result};
use super::stages::{Stage, stages};
use crate::data::{
    self, Erasing, EvalTransform, LastBatch, Loader, LoaderOptions, Mix, Normalise, Policy, Share, Source, Split,
    TrainTransform, Transform, Validation,
};
use crate::device;
use crate::dialect::Dialect;
use crate::network::Network;
use crate::params::{Params, is_buffer};
use crate::pattern::matches_any;
use crate::weights::{self, Convention, Purpose, Said, WeightsFile};

/// Builds a network for a number of classes: a closure around the `new` of a type of `efficientnet_v2!`.
pub type Build<'a> = &'a dyn Fn(usize, VarBuilder<'static>) -> CandleResult<Box<dyn Network>>;

/// Spec of the network that `build` makes.
///
/// # Errors
/// When `build` fails.
pub fn spec_of(build: Build<'_>) -> Result<Spec> {
    // Zero pages cost neither time nor memory until written to.
    let network = build(1, Params::for_loading(None, &Device::Cpu).builder())?;
    Ok(network.spec().clone())
}

/// Opens the data set and divides it into training and validation.
///
/// # Errors
/// When it does not exist or is no data set.
pub fn open_data(config: &Config) -> Result<Split> {
    let fraction = config.data.val_fraction;
    if let Some(path) = &config.data.path {
        return Ok(data::open(path, fraction.map_or(Validation::Auto, Validation::Fraction), config.seed)?);
    }
    if fraction.is_some() {
        return Err(Error::Setting(
            "the bundled digits have a validation set of their own: leave out --val-fraction, or name a data set with \
             --data"
                .to_owned(),
        ));
    }
    Ok(data::digits()?)
}

/// Builds the network for `classes` classes, with weights drawn from the seed or loaded from the file of
/// `pretrained.path`.
///
/// # Errors
/// When the file cannot be read, or its weights do not fit.
pub fn build_network(config: &Config, build: Build<'_>, spec: &Spec, classes: usize) -> Result<Box<dyn Network>> {
    let device = device::open(&config.compute.device)?.device;
    let pretrained = &config.pretrained;
    let file = pretrained.path.as_ref().map(|source| open_pretrained(source, pretrained.averaged)).transpose()?;
    let dialect = match &file {
        Some(file) => file.dialect(spec, said(&config.pretrained)?)?.of_channels(spec.settings.in_channels),
        None => Dialect::of(&spec.settings),
    };
    let freeze = &config.regularise.freeze;
    check_frozen(freeze, spec, classes)?;
    let params = Params::on(config.seed, &device)
        .with_dialect(Dialect { test_size: config.eval_size, ..dialect })
        .with_frozen(freeze.iter().flat_map(|word| frozen(word)).map(str::to_owned).collect());
    let network = build(classes, params.builder())?;
    if let Some(file) = &file {
        weights::load(file, network.as_ref(), Purpose::FineTune)?;
    }
    Ok(network)
}

/// Opens the weights to begin with: a file's averaged ones, where it has them and they are wanted.
///
/// # Errors
/// When there are none, or the file cannot be read.
fn open_pretrained(source: &weights::Source, averaged: bool) -> weights::Result<WeightsFile> {
    let path = source.find()?;
    if averaged { WeightsFile::open(path) } else { WeightsFile::open_plain(path) }
}

/// What the settings say of the weights to begin with.
fn said(settings: &PretrainedConfig) -> Result<Said> {
    let PretrainedConfig { dialect, mean, std, crop, fit, interpolation, path: _, averaged: _ } = settings.clone();
    Ok(Said { mean, std, crop, fit, interpolation, ..convention(dialect.as_deref())?.into() })
}

/// Parses the name of conventions, if there is one.
pub(crate) fn convention(name: Option<&str>) -> Result<Option<Convention>> {
    Ok(name.map(str::parse).transpose()?)
}

/// Loader options of the settings.
fn options(config: &Config, epoch: u64) -> LoaderOptions {
    LoaderOptions {
        threads: config.compute.loader_threads,
        seed: config.seed,
        epoch,
        on_bad_image: config.data.on_bad_image,
        ..LoaderOptions::new(config.batch)
    }
}

/// Patterns of the weights that a word of `regularise.freeze` names; `backbone` is everything in front of the head.
fn frozen(word: &str) -> Vec<&str> {
    if word == "backbone" { vec!["stem.*", "blocks.*"] } else { vec![word] }
}

/// Checks that every word of `regularise.freeze` names a weight, and that one weight is left to train.
fn check_frozen(freeze: &[String], spec: &Spec, classes: usize) -> Result<()> {
    let weights: Vec<String> = spec.parameters(classes).map(|(name, _)| name).filter(|name| !is_buffer(name)).collect();
    let matches = |word: &String, name: &String| matches_any(&frozen(word), name);
    if let Some(word) = freeze.iter().find(|word| !weights.iter().any(|name| matches(word, name))) {
        let name = weights.first().map_or("stem.*", String::as_str);
        return Err(Error::Setting(format!(
            "there is no weight `{word}` to freeze: say `backbone`, or a name such as `{name}` with * for any text"
        )));
    }
    if weights.iter().all(|name| freeze.iter().any(|word| matches(word, name))) {
        return Err(Error::Setting(format!("--freeze {} leaves no weight to train", freeze.join(" --freeze "))));
    }
    Ok(())
}

/// Mixing of a stage's images.
fn mix(stage: &Stage) -> Mix {
    Mix { mixup: stage.mixup, cutmix: stage.cutmix }
}

/// Transform of a stage's training images.
fn train_transform(config: &Config, stage: &Stage, network: &dyn Network) -> Result<TrainTransform> {
    let (augment, dialect) = (&config.augment, network.dialect());
    let policy = match augment.policy {
        PolicyKind::None => None,
        PolicyKind::RandAugment => Some(Policy::RandAugment { layers: augment.layers, magnitude: stage.magnitude }),
        PolicyKind::AutoAugment => Some(Policy::AutoAugment),
    };
    let normalise = Normalise::new(network.spec().settings.in_channels, &dialect.mean, &dialect.std)?;
    Ok(TrainTransform {
        scale: augment.scale,
        ratio: augment.ratio,
        flip: augment.flip,
        policy,
        erase: Erasing::new(augment.erase),
        interpolation: dialect.interpolation,
        ..TrainTransform::new(stage.size, normalise)
    })
}

/// Transform of validation images.
fn eval_transform(config: &Config, network: &dyn Network) -> Result<EvalTransform> {
    Ok(EvalTransform::of(network.dialect(), config.eval_size, network.spec().settings.in_channels)?)
}

/// Checks the image settings before anything is written.
///
/// # Errors
/// When a setting makes no sense.
pub(crate) fn check_transforms(config: &Config, network: &dyn Network) -> Result<()> {
    for stage in stages(config) {
        train_transform(config, &stage, network)?.check()?;
        mix(&stage).check()?;
    }
    Ok(eval_transform(config, network)?.check()?)
}

/// Loads an epoch's training images in the parts of a step, from part `first` on; of each, a rank's share.
///
/// # Errors
/// When a setting makes no sense.
pub fn train_loader(
    config: &Config,
    stage: &Stage,
    source: &Arc<dyn Source>,
    network: &dyn Network,
    epoch: u64,
    first: u64,
    share: Share,
) -> Result<Loader> {
    let transform = train_transform(config, stage, network)?;
    let options = LoaderOptions {
        batch: stage.part(),
        last: LastBatch::Drop,
        skip_batches: first as usize,
        mix: Some(mix(stage)).filter(Mix::is_on),
        share,
        ..options(config, epoch)
    };
    let mut order = source.order(config.seed, epoch);
    if order.len() >= stage.batch {
        order.truncate(order.len() / stage.batch * stage.batch);
    }
    Ok(Loader::new(source.clone(), Arc::new(transform), order, &options)?)
}

/// One image `[1, C, H, W]` of `source`, transformed for evaluation.
pub(super) fn eval_image(config: &Config, source: &dyn Source, network: &dyn Network, sample: usize) -> Result<Tensor> {
    Ok(eval_transform(config, network)?.tensor(&source.image(sample)?)?)
}

/// Loads the images of `source` in order, transformed for evaluation; of each batch, a rank's share.
///
/// # Errors
/// When a setting makes no sense.
pub fn eval_loader(config: &Config, source: &Arc<dyn Source>, network: &dyn Network, share: Share) -> Result<Loader> {
    let transform = eval_transform(config, network)?;
    let options = LoaderOptions { share, ..options(config, 0) };
    Ok(Loader::new(source.clone(), Arc::new(transform), (0..source.len()).collect(), &options)?)
}
