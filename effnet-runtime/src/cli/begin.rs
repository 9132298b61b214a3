//! Turns flags into a run that is ready to start.

use toml::{Table, Value};

use effnet_kernels::threads;

use super::args::TrainArgs;
use super::model::Model;
use crate::device;
use crate::dialect::Dialect;
use crate::spec::Spec;
use crate::train::config::{Config, Layer, merge, number, pick_recipe, recipe};
use crate::train::{
    Error, Result, RunFolder, Trainer, build_network, check_batches, check_transforms, convention, open_data, spec_of,
};
use crate::weights::{Source, WeightsFile};

/// Prepares a new run, or one to resume.
pub(super) fn begin(args: &TrainArgs, model: &Model<'_>) -> Result<Trainer> {
    let spec = spec_of(model.build)?;
    let flags = args.settings.layer()?;
    let (config, old) = if args.resume {
        let (folder, config) = resumed(args, model, &flags)?;
        (config, Some(folder))
    } else {
        args.output.as_deref().map_or(Ok(()), RunFolder::check_free)?;
        (settings(args, model, &spec, flags)?, None)
    };
    let chosen = device::open(&config.compute.device)?.device;
    if !device::supports(&chosen, config.precision) {
        return Err(Error::Setting("--precision bf16 needs a GPU: leave it out, or say --device cuda".into()));
    }
    threads::set_global(config.compute.threads);
    let split = open_data(&config)?;
    let network = build_network(&config, model.build, &spec, split.train.classes().len())?;
    check_transforms(&config, network.as_ref())?;
    check_batches(&config, network.as_ref(), split.train.len())?;
    match old {
        Some(folder) => Trainer::resume(config, folder, split, network),
        None => {
            let folder = RunFolder::create(args.output.as_deref(), model.name)?;
            Trainer::begin(config, folder, split, network)
        }
    }
}

/// Settings of a new run.
fn settings(args: &TrainArgs, model: &Model<'_>, spec: &Spec, flags: Layer) -> Result<Config> {
    let file = args.config_layer()?.unwrap_or_else(|| Layer::empty("no file"));
    let set = args.set_layer()?;
    let said = |key: &str| [&flags, &set, &file].into_iter().find_map(|layer| layer.settings.get(key));
    let (own_data, pretrained) = (said("data.path").is_some(), said("pretrained.path").is_some());
    let chosen = said("recipe").and_then(Value::as_str).unwrap_or_else(|| pick_recipe(own_data, pretrained));
    let recipe = recipe(chosen)?;
    let mut name = Layer::empty("the command");
    name.set("model", model.name);
    name.set("recipe", chosen);
    let pretrained = said("pretrained.path").and_then(Value::as_str);
    let dialect = said("pretrained.dialect").and_then(Value::as_str);
    merge(&[defaults(spec, pretrained, dialect)?, recipe, file, set, name, flags])
}

/// Defaults that follow from the network, its pretrained weights and the machine.
fn defaults(spec: &Spec, pretrained: Option<&str>, dialect: Option<&str>) -> Result<Layer> {
    let mut layer = Layer::empty("the network");
    let mut own = Dialect::of(&spec.settings);
    if let Some(path) = pretrained {
        own = WeightsFile::open(path.parse::<Source>()?.find()?)?.dialect(spec, convention(dialect)?)?;
    }
    let train_size = spec.settings.train_size.unwrap_or(own.test_size);
    layer.set("size", train_size.min(own.test_size) as i64);
    layer.set("eval_size", own.test_size as i64);
    layer.set("regularise.dropout", spec.settings.dropout);
    layer.set("compute.device", device::DEFAULT);
    layer.set("compute.threads", threads::current().threads() as i64);
    layer.set("compute.loader_threads", threads::cores() as i64);
    Ok(layer)
}

/// Folder and settings of the run to resume. Flags may change `compute` and `checkpoints`, and repeat everything else.
fn resumed(args: &TrainArgs, model: &Model<'_>, flags: &Layer) -> Result<(RunFolder, Config)> {
    let Some(output) = &args.output else {
        return Err(Error::Setting("--resume needs the run to continue: name its folder with --output DIR".to_owned()));
    };
    let folder = RunFolder::open(output)?;
    let config = folder.config()?;
    if config.model != model.name {
        return Err(Error::OtherModel {
            folder: folder.path().to_path_buf(),
            run: config.model,
            asked: model.name.to_owned(),
        });
    }
    let run = Layer::of("the run", Table::try_from(&config).unwrap_or_default());
    let mut over = Layer::empty("the flags");
    let set = args.set_layer()?;
    let file = args.config_layer()?;
    let asked = file.iter().chain([&set, flags]);
    asked.clone().try_for_each(Layer::check_keys)?;
    for (key, value) in asked.flat_map(|layer| &layer.settings) {
        if key.starts_with("compute.") || key.starts_with("checkpoints.") {
            over.set(key, value.clone());
            continue;
        }
        let in_run = run.settings.get(key);
        if !in_run.is_some_and(|in_run| same(in_run, value)) {
            return Err(Error::OtherSetting {
                folder: folder.path().to_path_buf(),
                key: key.clone(),
                run: in_run.map_or_else(|| "its default".to_owned(), ToString::to_string),
                asked: value.to_string(),
            });
        }
    }
    let config = merge(&[run, over])?;
    Ok((folder, config))
}

/// Whether two values are equal; an integer equals the float of the same value.
fn same(left: &Value, right: &Value) -> bool {
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}
