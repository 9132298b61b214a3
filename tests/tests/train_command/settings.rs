use std::fs;

use crate::{Place, metrics};

#[test]
fn flags_are_stronger_than_a_file_and_a_file_than_the_recipe() {
    let place = Place::new();
    fs::write(place.path("run.toml"), "epochs = 7\nbatch = 64\noptimizer.lr = 0.01\n").unwrap();
    place.succeeds(&["--config", "run.toml", "--epochs", "1", "--quiet", "--output", "run"]);
    let settings = fs::read_to_string(place.path("run/config.toml")).unwrap();
    for line in ["epochs = 1", "batch = 64", "lr = 0.01"] {
        assert!(settings.lines().any(|found| found == line), "{line}: {settings}");
    }
}

#[test]
fn the_settings_of_a_run_repeat_it() {
    let place = Place::new();
    place.succeeds(&["--epochs", "1", "--seed", "3", "--lr", "0.002", "--quiet", "--output", "one"]);
    place.succeeds(&["--config", "one/config.toml", "--quiet", "--output", "two"]);
    assert_eq!(metrics(&place.path("one")), metrics(&place.path("two")));
    let last = |run: &str| fs::read(place.path(run).join("checkpoints/last.safetensors")).unwrap();
    assert!(last("one") == last("two"));
}

#[test]
fn an_unknown_setting_is_refused_with_the_nearest_known() {
    let place = Place::new();
    fs::write(place.path("run.toml"), "[optimizer]\nlearning = 0.01\nweight_deca = 1.0\n").unwrap();
    let error = place.fails(&["--config", "run.toml"]);
    assert!(error.starts_with("run.toml has an unknown setting `optimizer."), "{error}");
    fs::write(place.path("run.toml"), "epochs =\n").unwrap();
    assert!(place.fails(&["--config", "run.toml"]).starts_with("`run.toml` is not TOML"));
}

#[test]
fn a_recipe_may_be_a_file() {
    let place = Place::new();
    let recipe =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../effnet-runtime/recipes/digits.toml")).unwrap();
    fs::write(place.path("mine.toml"), recipe.replace("kind = \"adamw\"", "kind = \"sgd\"")).unwrap();
    let out = place.succeeds(&["--recipe", "mine.toml", "--epochs", "1"]);
    assert!(out.contains("recipe mine.toml") && out.contains("sgd at a rate"), "{out}");
}

#[test]
fn a_setting_is_set_by_name_and_flags_are_stronger() {
    let place = Place::new();
    let args = ["--set", "optimizer.kind=sgd", "--set", "epochs=9", "--set", "optimizer.clip_norm=1", "--epochs", "1"];
    place.succeeds(&[&args[..], &["--batch", "256", "--quiet", "--output", "run"]].concat());
    let settings = fs::read_to_string(place.path("run/config.toml")).unwrap();
    for line in ["kind = \"sgd\"", "epochs = 1", "clip_norm = 1.0"] {
        assert!(settings.lines().any(|found| found == line), "{line}: {settings}");
    }
    let error = place.fails(&["--set", "optimizer.lrr=1"]);
    assert_eq!(error, "--set has an unknown setting `optimizer.lrr`: did you mean `optimizer.lr`?");
    let error = place.fails(&["--set", "ema.warmup=true"]);
    assert_eq!(error, "--set has an unknown setting `ema.warmup`: did you mean `schedule.warmup`?");
    let error = place.fails(&["--set", "nothing.alike=1"]);
    assert_eq!(error, "--set has an unknown setting `nothing.alike`: docs/settings.md lists all");
}
