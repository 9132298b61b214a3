//! The list of timm's models.

use effnet_spec::Spec;
use effnet_spec::grammar::parse_table;
use serde::Deserialize;

/// A model of timm's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    pub(crate) name: String,
    /// Trainable parameters, at 1,000 classes.
    pub(crate) params: u64,
    /// Side in pixels of the images that `macs` is for.
    pub(crate) size: usize,
    pub(crate) macs: u64,
    /// The table's rows, and its settings; or why it has none.
    #[serde(default)]
    rows: Vec<String>,
    #[serde(default)]
    settings: String,
    #[serde(default)]
    pub(crate) why_not: Vec<String>,
    /// How timm evaluates its weights: size, fit, crop, interpolation, pixels.
    #[serde(default)]
    pub(crate) images: Vec<String>,
    /// Digest of its parameters' names and shapes.
    pub(crate) names: Option<String>,
    /// The same network as another model's rows under a scaling.
    pub(crate) scaled: Option<Scaled>,
}

/// Another model's rows, and settings that scale them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scaled {
    rows_of: String,
    settings: String,
}

/// All models.
pub(crate) fn all() -> Vec<Model> {
    serde_json::from_str(include_str!("models.json")).unwrap()
}

/// A model that a table says.
pub(crate) fn find(name: &str) -> Spec {
    let model = all().into_iter().find(|model| model.name == name).unwrap();
    model.spec().unwrap().unwrap()
}

impl Model {
    /// Its table, or the table's mistakes; none where no table says it.
    pub(crate) fn spec(&self) -> Option<Result<Spec, String>> {
        (!self.rows.is_empty()).then(|| self.parse(&self.rows, &self.settings))
    }

    /// Its table by another's rows.
    pub(crate) fn scaled_spec(&self, all: &[Self]) -> Option<Result<Spec, String>> {
        let Scaled { rows_of, settings } = self.scaled.as_ref()?;
        let base = all.iter().find(|model| model.name == *rows_of).unwrap();
        Some(self.parse(&base.rows, settings))
    }

    fn parse(&self, rows: &[String], settings: &str) -> Result<Spec, String> {
        let text = format!("<\n{}\n> {settings}", rows.join("\n"));
        parse_table(&self.name, &text).map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            format!("{}: {}\n{text}", self.name, errors.join("; "))
        })
    }
}
