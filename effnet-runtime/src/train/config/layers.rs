//! Settings laid over settings.

use toml::{Table, Value};

use super::super::error::{Error, Result};
use super::{Config, Recipe};

/// Some settings, and where they come from.
#[derive(Clone, Debug)]
pub struct Layer {
    /// For messages: a file's path, or `the flags`.
    pub origin: String,
    /// The settings.
    pub table: Table,
}

/// Keys that a run can do without, so that settings without them do not show them.
const OPTIONAL: [&str; 7] = [
    "data.path",
    "data.val_fraction",
    "optimizer.eps",
    "pretrained.path",
    "pretrained.dialect",
    "schedule.warmup_epochs",
    "stages.base",
];

impl Layer {
    /// A layer without settings.
    pub fn empty(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), table: Table::new() }
    }

    /// The settings of a TOML text.
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

    /// Sets a key from `key=value`, where the value is TOML, or else text.
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

    /// Every key with its value, tables taken apart.
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
}

/// The settings of all layers, later ones over earlier ones. The first layers must have every key that a run needs.
///
/// # Errors
/// When a layer has a key that is not known, or a value of the wrong kind, or one that makes no sense.
pub fn merge(layers: &[Layer]) -> Result<Config> {
    let mut all = Layer::empty("the settings");
    let mut origins: Vec<(String, &str)> = Vec::new();
    for layer in layers {
        for (key, value) in layer.flat() {
            origins.push((key.clone(), &layer.origin));
            all.set(&key, value);
        }
    }
    let config: Config = all.table.clone().try_into().map_err(|error: toml::de::Error| {
        let text = one_line(error.message());
        let unknown = text.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
        match unknown {
            Some((key, _)) => unknown_key(key, &origins),
            None => Error::Setting(format!("the settings do not fit: {text}")),
        }
    })?;
    config.check()?;
    Ok(config)
}

fn unknown_key(key: &str, origins: &[(String, &str)]) -> Error {
    let known = known_keys();
    let is_it = |full: &str| full.split('.').any(|part| part == key) && !known.iter().any(|known| known == full);
    let found = origins.iter().rev().find(|(full, _)| is_it(full));
    let (full, origin) = found.map_or((key, "the settings"), |(full, origin)| (full.as_str(), *origin));
    let nearest = known.iter().max_by(|a, b| strsim::jaro_winkler(a, full).total_cmp(&strsim::jaro_winkler(b, full)));
    let hint = nearest.map_or_else(String::new, |nearest| format!(", did you mean `{nearest}`?"));
    Error::Setting(format!("{origin} has an unknown setting `{full}`{hint}"))
}

/// What the command sets beside a recipe, in some values.
pub(super) const BESIDE_A_RECIPE: &str = r#"
    model = "any"
    recipe = "digits"
    seed = 0
    size = 64
    eval_size = 64
    regularise.dropout = 0.2
    data.on_bad_image = "fail"
    compute = { device = "cpu", threads = 2, loader_threads = 2 }
"#;

/// Every key that there is.
fn known_keys() -> Vec<String> {
    let recipe = Recipe::find("digits").map(|recipe| recipe.layer);
    let layers = [recipe, Layer::parse("the command", BESIDE_A_RECIPE)].into_iter().flatten().collect::<Vec<_>>();
    let table = merge(&layers).ok().and_then(|config| Table::try_from(config).ok()).unwrap_or_default();
    let keys = Layer { origin: String::new(), table }.flat().into_iter().map(|(key, _)| key);
    keys.chain(OPTIONAL.map(str::to_owned)).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
