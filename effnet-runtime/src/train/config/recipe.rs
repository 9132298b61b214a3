//! The recipes that come with the crate.

use std::path::Path;

use super::super::error::{Error, Result};
use super::layers::Layer;

/// Settings under a name.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Its name, or its file's path.
    pub name: String,
    /// Its settings.
    pub layer: Layer,
}

/// Every recipe of the crate: its name and its file.
pub const RECIPES: [(&str, &str); 3] = [
    ("digits", include_str!("../../../recipes/digits.toml")),
    ("scratch", include_str!("../../../recipes/scratch.toml")),
    ("finetune", include_str!("../../../recipes/finetune.toml")),
];

impl Recipe {
    /// The name of the recipe for a run: without a data set of the user's, with weights to begin with, or neither.
    pub fn pick(own_data: bool, pretrained: bool) -> &'static str {
        match (own_data, pretrained) {
            (_, true) => "finetune",
            (false, false) => "digits",
            (true, false) => "scratch",
        }
    }

    /// The recipe of this name, or in this file if it ends in `.toml`.
    ///
    /// # Errors
    /// When there is none, or the file cannot be read.
    pub fn find(name: &str) -> Result<Self> {
        if let Some((name, text)) = RECIPES.iter().find(|(known, _)| *known == name) {
            return Ok(Self { name: (*name).to_owned(), layer: Layer::parse(format!("the recipe {name}"), text)? });
        }
        if Path::new(name).extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(name).map_err(Error::folder("read", name))?;
            return Ok(Self { name: name.to_owned(), layer: Layer::parse(name, &text)? });
        }
        let known: Vec<&str> = RECIPES.iter().map(|(name, _)| *name).collect();
        Err(Error::Setting(format!(
            "there is no recipe `{name}`: there are {}, or give a file that ends in .toml",
            known.join(", ")
        )))
    }
}
