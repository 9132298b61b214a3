//! The paper's recipes, as `train` prints their schedules.

use effnet_models::VARIANTS;
use effnet_runtime::train::config::{Layer, Recipe, merge};
use effnet_runtime::train::{stages, table};

#[test]
fn the_papers_schedules_of_all_variants() {
    let command = r#"
        model = "any"
        recipe = "paper"
        seed = 0
        data.on_bad_image = "fail"
        compute = { device = "cpu", threads = 1, loader_threads = 1 }
    "#;
    let of = |variant: &str| {
        let recipe = Recipe::find(&format!("paper-{variant}")).expect("a recipe");
        let config = merge(&[Layer::parse("the command", command).expect("TOML"), recipe.layer]).expect("settings");
        format!("{variant}, evaluated at {} px\n{}\n", config.eval_size, table(&stages(&config), &config).join("\n"))
    };
    let all: Vec<String> = VARIANTS.iter().map(|variant| of(variant.name())).collect();
    insta::assert_snapshot!(all.join("\n"));
}

/// The sizes of a recipe are those that its variant is made for.
#[test]
fn the_papers_sizes_and_dropout_are_the_tables() {
    for variant in &VARIANTS {
        let recipe = Recipe::find(&format!("paper-{}", variant.name())).expect("a recipe");
        let settings = variant.spec().settings.clone();
        let of = |key: &str| recipe.layer.get(key).and_then(|value| value.as_integer()).map(|value| value as usize);
        assert_eq!(of("size"), settings.train_size, "{}", variant.name());
        assert_eq!(of("eval_size"), settings.eval_size, "{}", variant.name());
        let dropout = recipe.layer.get("regularise.dropout").and_then(|value| value.as_float());
        assert_eq!(dropout, Some(settings.dropout), "{}", variant.name());
    }
}
