//! Layers of settings, and how they are merged.

use toml::{Table, Value};

use super::super::error::{Error, Result};
use super::setting::{Fallback, Setting};
use super::table::{Config, GROUPS, SETTINGS};

/// Settings from one place.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Name of the place for messages: a file's path, or `the flags`.
    pub origin: String,
    /// The settings.
    pub table: Table,
}

impl Layer {
    /// An empty layer.
    pub fn empty(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), table: Table::new() }
    }

    /// Parses a TOML text.
    ///
    /// # Errors
    /// When it is not TOML.
    pub fn parse(origin: impl Into<String>, text: &str) -> Result<Self> {
        let origin = origin.into();
        match text.parse() {
            Ok(table) => Ok(Self { origin, table }),
            Err(error) => Err(Error::Setting(format!("`{origin}` is not TOML: {}", one_line(&error.to_string())))),
        }
    }

    /// Sets a key such as `optimizer.lr`.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        let mut path: Vec<&str> = key.split('.').collect();
        let last = path.pop().unwrap_or_default();
        let mut table = &mut self.table;
        for part in path {
            let below = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
            if !below.is_table() {
                *below = Value::Table(Table::new());
            }
            let Value::Table(below) = below else { return };
            table = below;
        }
        table.insert(last.to_owned(), value.into());
    }

    /// The value of a key such as `data.path`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let mut parts = key.split('.');
        let first = self.table.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
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

    /// Every key with its value, such as `optimizer.lr`.
    pub fn flat(&self) -> Vec<(String, Value)> {
        fn walk(prefix: &str, table: &Table, out: &mut Vec<(String, Value)>) {
            for (key, value) in table {
                match value {
                    Value::Table(below) => walk(&format!("{prefix}{key}."), below, out),
                    value => out.push((format!("{prefix}{key}"), value.clone())),
                }
            }
        }
        let mut out = Vec::new();
        walk("", &self.table, &mut out);
        out
    }

    /// Checks that the table has every key.
    ///
    /// # Errors
    /// When a key is unknown; the error names the most similar one.
    pub(crate) fn check_keys(&self) -> Result<()> {
        let known = |key: &str| SETTINGS.iter().any(|setting| setting.key == key);
        let Some((key, _)) = self.flat().into_iter().find(|(key, _)| !known(key)) else { return Ok(()) };
        let likeness = |setting: &&Setting| strsim::jaro_winkler(setting.key, &key);
        let nearest = SETTINGS.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let hint = nearest.map_or_else(String::new, |nearest| format!(", did you mean `{}`?", nearest.key));
        Err(Error::Setting(format!("{} has an unknown setting `{key}`{hint}", self.origin)))
    }
}

/// Merges layers over the table's defaults, later ones over earlier ones.
///
/// # Errors
/// When a layer has a key that is not known, a value is of the wrong kind or out of bounds, or a key is set nowhere.
pub fn merge(layers: &[Layer]) -> Result<Config> {
    let mut all = Layer::empty("the settings");
    for (group, _) in GROUPS {
        all.table.insert((*group).to_owned(), Value::Table(Table::new()));
    }
    for setting in SETTINGS.iter() {
        if let Fallback::Value(value) = &setting.fallback {
            all.set(setting.key, value.clone());
        }
    }
    for layer in layers {
        layer.check_keys()?;
        for (key, value) in layer.flat() {
            all.set(&key, value);
        }
    }
    let config: Config = all.table.clone().try_into().map_err(|error| unfit(&all, &error))?;
    SETTINGS.iter().try_for_each(|setting| all.get(setting.key).map_or(Ok(()), |value| setting.check(value)))?;
    config.check()?;
    Ok(config)
}

/// What is wrong with settings that TOML's reader refuses: a value of the wrong kind, or a key that is set nowhere.
fn unfit(all: &Layer, error: &toml::de::Error) -> Error {
    let text = one_line(&error.to_string());
    let named = SETTINGS.iter().find(|setting| text.ends_with(&format!("in `{}`", setting.key)));
    Error::Setting(match named.and_then(|setting| Some((setting, all.get(setting.key)?))) {
        Some((setting, value)) => format!("{} = {value}: it must be {}", setting.key, setting.values()),
        None => format!("the settings do not fit: {text}"),
    })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
