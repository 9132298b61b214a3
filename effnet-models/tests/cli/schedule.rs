//! The paper's recipes, as `train` prints their schedules; and warm-ups that are no part of one.

use effnet_models::{VARIANTS, Variant};
use effnet_runtime::train::config::{Layer, RECIPES, merge, recipe};
use effnet_runtime::train::{stages, table};

use crate::support::{effnet, folder, write_digits};

/// The paper's variants, each with its recipe's name.
fn of_the_paper() -> impl Iterator<Item = (&'static Variant, String)> {
    let recipes = VARIANTS.iter().map(|variant| (variant, format!("paper-{}", variant.name())));
    recipes.filter(|(_, recipe)| RECIPES.iter().any(|(known, _)| known == recipe))
}

#[test]
fn the_papers_schedules_of_all_variants() {
    let command = r#"
        model = "any"
        recipe = "paper"
        seed = 0
        data.on_bad_image = "fail"
        compute = { device = "cpu", threads = 1, loader_threads = 1 }
    "#;
    let of = |(variant, name): (&Variant, String)| {
        let (variant, recipe) = (variant.name(), recipe(&name).expect("a recipe"));
        let config = merge(&[Layer::parse("the command", command).expect("TOML"), recipe]).expect("settings");
        format!("{variant}, evaluated at {} px\n{}\n", config.eval_size, table(&stages(&config), &config).join("\n"))
    };
    let all: Vec<String> = of_the_paper().map(of).collect();
    insta::assert_snapshot!(all.join("\n"));
}

/// The sizes of a recipe are those that its variant is made for.
#[test]
fn the_papers_sizes_and_dropout_are_the_tables() {
    for (variant, name) in of_the_paper() {
        let recipe = recipe(&name).expect("a recipe");
        let settings = variant.spec().settings.clone();
        let of = |key: &str| recipe.settings.get(key).and_then(|value| value.as_integer()).map(|value| value as usize);
        assert_eq!(of("size"), settings.train_size, "{}", variant.name());
        assert_eq!(of("eval_size"), settings.eval_size, "{}", variant.name());
        let dropout = recipe.settings.get("regularise.dropout").and_then(|value| value.as_float());
        assert_eq!(dropout, Some(settings.dropout), "{}", variant.name());
    }
}

/// The rates of the tiny data set's single steps an epoch: two of the ten that the warm-up has.
#[test]
fn a_warm_up_that_is_longer_than_the_run_is_said() {
    let folder = folder();
    write_digits(&folder.path().join("data"), 2, 5);
    let train = |warmup: &str, args: &[&str]| {
        let mut command = effnet(folder.path());
        command.args([
            "train",
            "--table",
            "tiny.table",
            "--data",
            "data",
            "--size",
            "16",
            "--batch",
            "8",
            "--epochs",
            "2",
        ]);
        command.args(["--lr", "0.001", "--set", &format!("schedule.warmup_epochs={warmup}")]).args(args);
        let output = command.assert().success().get_output().clone();
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
    };
    let what = "the warm-up takes 10 epochs and the run has 2: the rate reaches at most 0.0002";
    let [text, _] = train("10", &[]);
    assert!(text.lines().any(|line| line == what) && text.contains(" at a rate of up to 0.0002; "), "{text}");
    let [json, _] = train("10", &["--json"]);
    let said = json.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let said: Vec<_> = said.filter(|event| event["event"] == "warning").collect();
    assert!(said.len() == 1 && said[0]["message"] == what, "{json}");
    let [quiet, errors] = train("10", &["--quiet"]);
    assert!(quiet.starts_with("best top-1 ") && errors.trim_end() == what, "{quiet} {errors}");
    // As long as the run, it ends at the peak.
    let [text, _] = train("2", &[]);
    assert!(!text.contains("warm-up") && text.contains(" at a rate of up to 0.001; "), "{text}");
}
