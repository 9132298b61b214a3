//! The settings that the flags of `train` make.

use std::path::Path;

use effnet_kernels::threads;
use toml::{Table, Value};

use super::args::TrainArgs;
use crate::device;
use crate::dialect::Dialect;
use crate::spec::Spec;
use crate::train::config::{Config, Layer, merge, number, pick_recipe, recipe};
use crate::train::{Error, Result, convention};
use crate::weights::{Source, WeightsFile};

impl TrainArgs {
    /// The settings of a new run of a network of this name.
    ///
    /// # Errors
    /// When a setting is unknown, out of bounds, or set nowhere.
    pub fn new_run(&self, spec: &Spec, name: &str) -> Result<Config> {
        let flags = self.settings.layer()?;
        let file = self.config_layer()?.unwrap_or_else(|| Layer::empty("no file"));
        let set = self.set_layer()?;
        let over = self.over.clone().unwrap_or_else(|| Layer::empty("the command"));
        let said =
            |key: &str| [&flags, &set, &file, &over].into_iter().find_map(|layer| layer.settings.get(key)).cloned();
        let (own_data, pretrained) = (said("data.path").is_some(), said("pretrained.path").is_some());
        let text = |key| said(key).and_then(|value| value.as_str().map(str::to_owned));
        let chosen = text("recipe").unwrap_or_else(|| pick_recipe(own_data, pretrained).to_owned());
        let recipe = recipe(&chosen)?;
        let mut about = Layer::empty("the command");
        about.set("model", name);
        about.set("recipe", chosen);
        let defaults = defaults(spec, text("pretrained.path").as_deref(), text("pretrained.dialect").as_deref())?;
        merge(&[defaults, recipe, over, file, set, about, flags])
    }

    /// The settings of a run in a folder that goes on. Flags may change `compute` and `checkpoints`, and repeat everything
    /// else.
    ///
    /// # Errors
    /// When a flag says something else than the run, or makes no sense.
    pub fn resumed_run(&self, config: &Config, folder: &Path) -> Result<Config> {
        let run = Layer::of("the run", Table::try_from(config).unwrap_or_default());
        let mut over = Layer::empty("the flags");
        let (file, set, flags) = (self.config_layer()?, self.set_layer()?, self.settings.layer()?);
        let asked = file.iter().chain([&set, &flags]);
        asked.clone().try_for_each(Layer::check_keys)?;
        for (key, value) in asked.flat_map(|layer| &layer.settings) {
            if key.starts_with("compute.") || key.starts_with("checkpoints.") {
                over.set(key, value.clone());
                continue;
            }
            let in_run = run.settings.get(key);
            if !in_run.is_some_and(|in_run| same(in_run, value)) {
                return Err(Error::OtherSetting {
                    folder: folder.to_path_buf(),
                    key: key.clone(),
                    run: in_run.map_or_else(|| "its default".to_owned(), ToString::to_string),
                    asked: value.to_string(),
                });
            }
        }
        merge(&[run, over])
    }
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

/// Whether two values are equal; an integer equals the float of the same value.
fn same(left: &Value, right: &Value) -> bool {
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}
