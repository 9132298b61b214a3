//! Recipes: the crate's own, and files.

use std::path::Path;

use effnet_spec::{expected, listed, suggest};

use super::super::error::{Error, Result};
use super::layers::Layer;
use crate::text::read_text;

const PAPER: &str = include_str!("../../../recipes/paper.toml");

/// Every recipe of the crate: its name and its files, later files over earlier ones.
pub const RECIPES: [(&str, &[&str]); 11] = [
    ("digits", &[include_str!("../../../recipes/digits.toml")]),
    ("scratch", &[include_str!("../../../recipes/scratch.toml")]),
    ("finetune", &[include_str!("../../../recipes/finetune.toml")]),
    ("paper-s", &[PAPER, include_str!("../../../recipes/paper-s.toml")]),
    ("paper-m", &[PAPER, include_str!("../../../recipes/paper-m.toml")]),
    ("paper-l", &[PAPER, include_str!("../../../recipes/paper-l.toml")]),
    ("paper-xl", &[PAPER, include_str!("../../../recipes/paper-xl.toml")]),
    ("paper-b0", &[PAPER, include_str!("../../../recipes/paper-b0.toml")]),
    ("paper-b1", &[PAPER, include_str!("../../../recipes/paper-b1.toml")]),
    ("paper-b2", &[PAPER, include_str!("../../../recipes/paper-b2.toml")]),
    ("paper-b3", &[PAPER, include_str!("../../../recipes/paper-b3.toml")]),
];

/// Picks a run's recipe: with the user's own data or without, with weights to begin with or without.
pub fn pick_recipe(own_data: bool, pretrained: bool) -> &'static str {
    match (own_data, pretrained) {
        (_, true) => "finetune",
        (false, false) => "digits",
        (true, false) => "scratch",
    }
}

/// Finds the recipe of this name, or reads it from this file if it ends in `.toml`.
///
/// # Errors
/// When there is no such recipe, or the file cannot be read.
pub fn recipe(name: &str) -> Result<Layer> {
    if let Some((name, texts)) = RECIPES.iter().find(|(known, _)| *known == name) {
        let mut recipe = Layer::empty(format!("the recipe {name}"));
        for text in *texts {
            recipe.settings.extend(Layer::parse(recipe.origin.clone(), text)?.settings);
        }
        return Ok(recipe);
    }
    if Path::new(name).extension().is_some_and(|extension| extension == "toml") {
        return Layer::parse(name, &read_text(Path::new(name)).map_err(Error::folder("read", name))?);
    }
    let known = || RECIPES.iter().map(|(name, _)| *name);
    let expected = if name.starts_with("paper") {
        let papers = listed(known().filter(|name| name.starts_with("paper-")));
        format!("the paper has one for each of its variants, {papers}; other networks train by `scratch`")
    } else {
        expected(suggest(name, known()), &listed(known()))
    };
    Err(Error::Setting(format!("there is no recipe `{name}`: {expected}, or a file that ends in .toml")))
}
