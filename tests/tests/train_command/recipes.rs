use std::fs;

use crate::Place;

/// Every recipe trains: an epoch of one step, on little images.
#[test]
fn each_recipe_trains() {
    let place = Place::new();
    place.succeeds(&["--epochs", "1", "--batch", "256", "--quiet", "--output", "first"]);
    let variants = ["s", "m", "l", "xl", "b0", "b1", "b2", "b3"].map(|variant| format!("paper-{variant}"));
    for recipe in ["digits", "scratch", "finetune"].into_iter().chain(variants.iter().map(String::as_str)) {
        let common = ["--recipe", recipe, "--epochs", "1", "--size", "16", "--batch", "1024", "--accumulate", "16"];
        let start = ["--pretrained", "first/checkpoints/best.safetensors"];
        let start = if recipe == "finetune" { &start[..] } else { &[] };
        let out = place.succeeds(&[&common[..], start, &["--output", recipe]].concat());
        assert!(out.contains(&format!("recipe {recipe}; run folder {recipe}")), "{out}");
        let settings = fs::read_to_string(place.path(recipe).join("config.toml")).unwrap();
        assert!(settings.contains(&format!("recipe = \"{recipe}\"")), "{settings}");
        assert!(out.contains("best top-1 "), "{out}");
    }
}

#[test]
fn an_unknown_recipe_is_refused_with_those_that_there_are() {
    let error = Place::new().fails(&["--recipe", "scratsh"]);
    assert!(
        error.starts_with("there is no recipe `scratsh`: did you mean `scratch`? Expected one of `digits`, "),
        "{error}"
    );
}
