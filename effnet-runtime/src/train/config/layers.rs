//! Layers of settings, and how they are merged and checked.

use std::collections::BTreeMap;

use effnet_spec::suggest;
use toml::{Table, Value};

use super::super::error::{Error, Result};
use super::setting::Fallback;
use super::table::{AugmentConfig, Config, GROUPS, SETTINGS};

/// Settings from one place.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Name of the place for messages: a file's path, or `the flags`.
    pub origin: String,
    /// The settings by their keys, such as `optimizer.lr`.
    pub settings: BTreeMap<String, Value>,
}

impl Layer {
    /// An empty layer.
    pub fn empty(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), settings: BTreeMap::new() }
    }

    /// The settings of a TOML table.
    pub fn of(origin: impl Into<String>, table: Table) -> Self {
        let mut layer = Self::empty(origin);
        table.into_iter().for_each(|(key, value)| layer.set(&key, value));
        layer
    }

    /// Parses a TOML text.
    ///
    /// # Errors
    /// When it is not TOML.
    pub fn parse(origin: impl Into<String>, text: &str) -> Result<Self> {
        let origin = origin.into();
        match text.parse() {
            Ok(table) => Ok(Self::of(origin, table)),
            Err(error) => Err(Error::Setting(format!("`{origin}` is not TOML: {}", one_line(&error.to_string())))),
        }
    }

    /// Sets a key such as `optimizer.lr`. A table sets every key in it.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        match value.into() {
            Value::Table(table) => {
                table.into_iter().for_each(|(part, value)| self.set(&format!("{key}.{part}"), value))
            }
            value => {
                self.settings.insert(key.to_owned(), value);
            }
        }
    }

    /// Sets a key from `key=value`; a value that is no TOML is taken as text.
    ///
    /// # Errors
    /// When there is no `=`, or nothing in front of it.
    pub fn set_text(&mut self, assignment: &str) -> Result<()> {
        let Some((key, value)) = assignment.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            return Err(Error::Setting(format!(
                "{} {assignment}: write it as a key and a value, such as optimizer.lr=0.001",
                self.origin
            )));
        };
        let parsed = format!("value = {value}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
        self.set(key.trim(), parsed.unwrap_or_else(|| Value::from(value.trim())));
        Ok(())
    }

    /// Checks that the table of settings has every key.
    ///
    /// # Errors
    /// When a key is unknown; the error names the most similar one.
    pub(crate) fn check_keys(&self) -> Result<()> {
        let is_unknown = |key: &&String| SETTINGS.iter().all(|setting| setting.key != **key);
        let Some(key) = self.settings.keys().find(is_unknown) else { return Ok(()) };
        let known = || SETTINGS.iter().map(|setting| setting.key);
        let last = |key: &str| key.rsplit('.').next().map(str::to_owned);
        let meant = suggest(key, known()).or_else(|| known().find(|known| last(known) == last(key)));
        let hint =
            meant.map_or_else(|| "docs/settings.md lists all".into(), |meant| format!("did you mean `{meant}`?"));
        Err(Error::Setting(format!("{} has an unknown setting `{key}`: {hint}", self.origin)))
    }

    /// The settings in the form of `config.toml`, with every group's table.
    fn to_table(&self) -> Table {
        let mut groups: BTreeMap<&str, Table> = GROUPS.iter().map(|(group, _)| (*group, Table::new())).collect();
        for (key, value) in &self.settings {
            let (group, key) = key.split_once('.').unwrap_or(("", key));
            groups.entry(group).or_default().insert(key.to_owned(), value.clone());
        }
        let mut table = groups.remove("").unwrap_or_default();
        table.extend(groups.into_iter().map(|(group, settings)| (group.to_owned(), Value::Table(settings))));
        table
    }
}

/// Merges layers over the table's defaults, later ones over earlier ones.
///
/// # Errors
/// When a layer has a key that is not known, a value is of the wrong kind or out of bounds, or a key is set nowhere.
pub fn merge(layers: &[Layer]) -> Result<Config> {
    let mut all = Layer::empty("the settings");
    for setting in SETTINGS.iter() {
        if let Fallback::Value(value) = &setting.fallback {
            all.set(setting.key, value.clone());
        }
    }
    for layer in layers {
        layer.check_keys()?;
        all.settings.extend(layer.settings.clone());
    }
    let config: Config = all.to_table().try_into().map_err(|error| unfit(&all, &error))?;
    SETTINGS
        .iter()
        .try_for_each(|setting| all.settings.get(setting.key).map_or(Ok(()), |value| setting.check(value)))?;
    config.check()?;
    Ok(config)
}

impl Config {
    /// Checks that the parts of a step come out even.
    ///
    /// # Errors
    /// When they do not.
    fn check(&self) -> Result<()> {
        let Self { batch, accumulate, augment: AugmentConfig { mixup, cutmix, .. }, .. } = self;
        let part = batch / accumulate;
        let mistake = if !batch.is_multiple_of(*accumulate) {
            format!("batch = {batch} cannot be cut into accumulate = {accumulate} equal parts")
        } else if (*mixup > 0.0 || *cutmix > 0.0) && !part.is_multiple_of(2) {
            format!(
                "mixup and cutmix mix pairs of images, and {part} images at once are no pairs: make batch / accumulate even"
            )
        } else {
            return Ok(());
        };
        Err(Error::Setting(mistake))
    }
}

/// The error for settings that TOML's reader refuses: a value of the wrong kind, or a key that is set nowhere.
fn unfit(all: &Layer, error: &toml::de::Error) -> Error {
    let text = one_line(&error.to_string());
    let named = SETTINGS.iter().find(|setting| text.ends_with(&format!("in `{}`", setting.key)));
    Error::Setting(match named.and_then(|setting| Some((setting, all.settings.get(setting.key)?))) {
        Some((setting, value)) => format!("{} = {value}: it must be {}", setting.key, setting.values()),
        None => format!("the settings do not fit: {text}"),
    })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
