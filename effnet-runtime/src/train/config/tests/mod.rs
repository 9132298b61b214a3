mod documentation;

use effnet_kernels::Precision;
use toml::Value;

use super::super::schedule::Schedule;
use super::super::stages::stages;
use super::setting::{Kind, SettingType};
use super::{
    ClassWeights, ClassWeightsRule, Config, Layer, OptimizerKind, PolicyKind, RECIPES, ScheduleKind, StatisticsKind,
    merge, pick_recipe, recipe,
};
use crate::data::OnBadImage;

/// Settings that the command makes beside a recipe, with some values.
fn beside_a_recipe() -> Layer {
    let text = r#"
        model = "any"
        recipe = "digits"
        size = 64
        eval_size = 64
        regularise.dropout = 0.2
        compute = { device = "cpu", threads = 2, loader_threads = 2 }
    "#;
    Layer::parse("the network", text).unwrap()
}

/// A run's settings with `text` over the digits' recipe.
fn with(text: &str) -> Result<Config, String> {
    let layers = [beside_a_recipe(), recipe("digits").unwrap(), Layer::parse("run.toml", text).unwrap()];
    merge(&layers).map_err(|error| error.to_string())
}

#[test]
fn every_recipe_is_complete() {
    for (name, _) in RECIPES {
        let config = merge(&[beside_a_recipe(), recipe(name).unwrap()]).unwrap();
        let kind = if name.starts_with("paper-") { OptimizerKind::RmsProp } else { OptimizerKind::AdamW };
        assert!(config.epochs > 0 && config.optimizer.kind == kind, "{name}");
        assert!(!config.optimizer.decay_vectors, "{name}");
    }
}

#[test]
fn the_recipe_follows_from_data_and_weights() {
    assert_eq!(pick_recipe(false, false), "digits");
    assert_eq!(pick_recipe(true, false), "scratch");
    assert_eq!(pick_recipe(true, true), "finetune");
    assert_eq!(pick_recipe(false, true), "finetune");
}

#[test]
fn digits_are_not_mirrored() {
    assert_eq!(with("").unwrap().augment.flip, 0.0);
}

#[test]
fn later_layers_win() {
    let config = with("epochs = 3\noptimizer.lr = 0.5").unwrap();
    assert_eq!((config.epochs, config.optimizer.lr), (3, 0.5));
    assert_eq!(config.optimizer.weight_decay, with("").unwrap().optimizer.weight_decay);
}

#[test]
fn resolved_settings_are_a_settings_file() {
    let config = with("optimizer.kind = \"sgd\"\ndata.path = \"/images\"\noptimizer.lr = 0.30000000000000004").unwrap();
    let text = toml::to_string(&config).unwrap();
    assert_eq!(merge(&[Layer::parse("config.toml", &text).unwrap()]).unwrap(), config);
}

#[test]
fn an_unknown_setting_is_refused_with_the_nearest_known() {
    let error = with("optimizer.weight_decai = 0.1").unwrap_err();
    assert_eq!(
        error,
        "run.toml has an unknown setting `optimizer.weight_decai`: did you mean `optimizer.weight_decay`?"
    );
    let error = with("epoch = 3").unwrap_err();
    assert_eq!(error, "run.toml has an unknown setting `epoch`: did you mean `epochs`?");
    let error = with("data.pth = \"x\"").unwrap_err();
    assert_eq!(error, "run.toml has an unknown setting `data.pth`: did you mean `data.path`?");
}

#[test]
fn a_value_that_makes_no_sense_is_refused_by_name() {
    let cases = [
        ("epochs = 0", "epochs = 0"),
        ("batch = 0", "batch = 0"),
        ("compute.threads = 0", "compute.threads = 0: it must be at least 1"),
        ("compute.threads = 99999", "compute.threads = 99999: it must be at least 1 and at most 1024"),
        ("compute.loader_threads = 0", "compute.loader_threads = 0: it must be at least 1"),
        ("compute.loader_threads = 1025", "compute.loader_threads = 1025: it must be at least 1 and at most 1024"),
        ("optimizer.lr = 0.0", "optimizer.lr = 0"),
        ("optimizer.lr = nan", "optimizer.lr = NaN"),
        ("optimizer.weight_decay = -1.0", "optimizer.weight_decay = -1"),
        ("optimizer.beta1 = 1.0", "optimizer.beta1 = 1"),
        ("regularise.dropout = 1.0", "regularise.dropout = 1"),
        ("regularise.label_smoothing = 1.5", "regularise.label_smoothing = 1.5"),
        ("schedule.warmup = -0.1", "schedule.warmup = -0.1"),
    ];
    for (text, named) in cases {
        let error = with(text).unwrap_err();
        assert!(error.starts_with(named), "{error}");
    }
    for (text, error) in [
        ("epochs = \"many\"", "epochs = \"many\": it must be a whole number, at least 1"),
        ("seed = -1", "seed = -1: it must be a whole number, at least 0"),
        ("optimizer.kind = \"adam\"", "optimizer.kind = \"adam\": it must be one of `adamw`, `sgd`, `rmsprop`"),
        ("augment.scale = 0.5", "augment.scale = 0.5: it must be two numbers"),
        ("optimizer.lr = inf", "optimizer.lr = inf: it must be finite, and above 0"),
        ("regularise.class_weights = [1, -1]", "regularise.class_weights = -1: each must be at least 0"),
        (
            "regularise.class_weights = \"even\"",
            "regularise.class_weights = \"even\": it must be `equal`, `balanced`, or a list of numbers, at least 0",
        ),
    ] {
        assert_eq!(with(text).unwrap_err(), error);
    }
}

#[test]
fn what_is_no_toml_or_no_recipe_is_refused() {
    let error = Layer::parse("run.toml", "epochs = = 3").unwrap_err().to_string();
    assert!(error.starts_with("`run.toml` is not TOML") && !error.contains('\n'), "{error}");
    let error = recipe("finetun").unwrap_err().to_string();
    assert!(error.contains("did you mean `finetune`? Expected one of `digits`, `scratch`, `finetune`"), "{error}");
    // EfficientNet's first version has none.
    for name in ["paper", "paper-b7", "paper-efficientnet-b0"] {
        let error = recipe(name).unwrap_err().to_string();
        let says = "the paper has one for each of its variants, `paper-s`, ";
        assert!(error.starts_with(&format!("there is no recipe `{name}`: {says}")), "{error}");
        assert!(error.ends_with("other networks train by `scratch`, or a file that ends in .toml"), "{error}");
    }
    assert!(recipe("nowhere.toml").unwrap_err().to_string().contains("cannot read `nowhere.toml`"));
}

/// The schedule of a run of `epochs` epochs of ten steps.
fn schedule(text: &str) -> Schedule {
    let config = with(text).unwrap();
    Schedule::of(&config, &stages(&config), 10 * config.batch)
}

#[test]
fn the_schedule_is_in_shares_of_the_run() {
    assert_eq!(schedule("epochs = 100\nschedule.warmup = 0.1").warmup, 100);
    assert_eq!(schedule("epochs = 1\nschedule.warmup = 0.1").warmup, 1);
    assert_eq!(schedule("epochs = 100").steps, 1000);
}

#[test]
fn the_schedule_may_be_in_epochs() {
    let run = schedule("epochs = 100\nschedule = { kind = \"exponential\", warmup_epochs = 5.0, decay_epochs = 2.4 }");
    assert_eq!(run.warmup, 50);
    assert_eq!((run.kind, run.factor, run.every), (ScheduleKind::Exponential, 0.97, 24.0));
}

#[test]
fn the_rate_may_follow_the_batch() {
    assert_eq!(schedule("optimizer = { lr = 0.016, lr_batch = 256 }\nbatch = 512").peak, 0.032);
    assert_eq!(schedule("optimizer.lr = 0.016\nbatch = 512").peak, 0.016);
}

#[test]
fn a_setting_may_be_text() {
    let mut layer = Layer::empty("--set");
    for text in ["optimizer.kind=sgd", "epochs = 3", "augment.scale=[0.5, 1]", "regularise.class_weights=\"balanced\""]
    {
        layer.set_text(text).unwrap();
    }
    let config = merge(&[beside_a_recipe(), recipe("digits").unwrap(), layer.clone()]).unwrap();
    assert_eq!((config.optimizer.kind, config.epochs, config.augment.scale), (OptimizerKind::Sgd, 3, (0.5, 1.0)));
    assert_eq!(config.regularise.class_weights, ClassWeights::Rule(ClassWeightsRule::Balanced));
    let error = layer.set_text("epochs").unwrap_err().to_string();
    assert!(error.starts_with("--set epochs: write it as a key and a value"), "{error}");
}

#[test]
fn pairs_and_parts_must_come_out_even() {
    assert!(with("batch = 6\naccumulate = 4").unwrap_err().contains("batch = 6 cannot be cut into accumulate = 4"));
    let error = with("batch = 6\naccumulate = 2\naugment.mixup = 0.2").unwrap_err();
    assert!(error.contains("3 images at once are no pairs"), "{error}");
}

#[test]
fn the_words_of_a_setting_are_those_that_are_read() {
    fn check<T: SettingType + serde::de::DeserializeOwned>() {
        let error = Value::from("?").try_into::<T>().err().unwrap();
        let read: Vec<&str> = error.message().split('`').skip(3).step_by(2).collect();
        assert!(matches!(T::KIND, Kind::OneOf(words) if words == read), "{error}");
    }
    check::<OptimizerKind>();
    check::<PolicyKind>();
    check::<ScheduleKind>();
    check::<StatisticsKind>();
    check::<OnBadImage>();
    check::<Precision>();
}
