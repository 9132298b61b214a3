use super::tiny_config;
use crate::train::config::{Layer, merge, recipe};
use crate::train::{Stage, stage_of, stages, table};

fn of_recipe(name: &str, over: &str) -> Vec<Stage> {
    let layers = [
        Layer::parse("test", &toml::to_string(&tiny_config("")).unwrap()).unwrap(),
        recipe(name).unwrap(),
        Layer::parse("over", over).unwrap(),
    ];
    stages(&merge(&layers).unwrap())
}

/// `main_tf2.py` at 350 epochs: stages begin at int(s / 4 · 350), sizes are int(128 + (300 − 128)(s + 1) / 4).
#[test]
fn the_stages_of_s_are_automls() {
    let stages = of_recipe("paper-s", "");
    let of = |f: &dyn Fn(&Stage) -> f64| stages.iter().map(f).collect::<Vec<f64>>();
    assert_eq!(of(&|stage| stage.begin as f64), [0.0, 87.0, 175.0, 262.0]);
    assert_eq!(of(&|stage| stage.end as f64), [87.0, 175.0, 262.0, 350.0]);
    assert_eq!(of(&|stage| stage.size as f64), [171.0, 214.0, 257.0, 300.0]);
    // numpy.linspace(5, 10, 4)
    let magnitudes = of(&|stage| stage.magnitude);
    let expected = [5.0, 5.0 + 5.0 / 3.0, 5.0 + 10.0 / 3.0, 10.0];
    assert!(magnitudes.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12));
    assert_eq!(of(&|stage| stage.mixup), [0.0; 4]);
    assert_eq!((stages[0].dropout, stages[3].dropout), (0.1, 0.2));
}

#[test]
fn mixing_grows_and_autoaugment_does_not() {
    let of_l = of_recipe("paper-l", "");
    assert_eq!((of_l[0].mixup, of_l[3].mixup, of_l[3].cutmix, of_l[3].magnitude), (0.0, 0.5, 0.5, 20.0));
    let of_b0 = of_recipe("paper-b0", "");
    assert!(of_b0.iter().all(|stage| stage.magnitude == of_b0[0].magnitude));
    assert_eq!(of_b0.iter().map(|stage| stage.size).collect::<Vec<_>>(), [144, 160, 176, 192]);
}

#[test]
fn one_stage_has_the_settings_own_values() {
    let [stage] = of_recipe("paper-m", "stages.count = 1")[..] else { panic!("one stage") };
    assert_eq!((stage.begin, stage.end, stage.size), (0, 350, 384));
    assert_eq!((stage.magnitude, stage.mixup, stage.dropout), (15.0, 0.2, 0.3));
}

#[test]
fn small_images_grow_from_their_half() {
    let sizes = |over: &str| stages(&tiny_config(over)).iter().map(|stage| stage.size).collect::<Vec<_>>();
    assert_eq!(sizes("stages.count = 4\nsize = 64"), [40, 48, 56, 64]);
    assert_eq!(sizes("stages.count = 2\nsize = 128"), [96, 128]);
    assert_eq!(sizes("stages.count = 2\nsize = 129"), [128, 129]);
    assert_eq!(sizes("stages = { count = 2, base = 20 }\nsize = 10"), [15, 10]);
}

#[test]
fn every_epoch_has_its_stage_and_few_epochs_skip_stages() {
    for epochs in 1..12 {
        let stages = stages(&tiny_config(&format!("epochs = {epochs}\nstages.count = 4")));
        assert_eq!(stages.iter().map(Stage::epochs).sum::<u64>(), epochs);
        for epoch in 0..epochs {
            let stage = stage_of(&stages, epoch).unwrap();
            assert!((stage.begin..stage.end).contains(&epoch));
        }
        assert_eq!(stage_of(&stages, epochs - 1).unwrap().size, 16);
    }
}

#[test]
fn batches_may_follow_the_size() {
    let stages =
        stages(&tiny_config("stages = { count = 2, base = 32, batch_follows_size = true }\nsize = 64\naccumulate = 2"));
    // (64 / 48)² · 8 = 14.2, in parts of even size.
    assert_eq!(stages.iter().map(|stage| (stage.size, stage.batch)).collect::<Vec<_>>(), [(48, 12), (64, 8)]);
}

#[test]
fn the_schedule_is_a_table() {
    let config = tiny_config("epochs = 9\nstages.count = 2\nsize = 64\naugment.policy = \"randaugment\"");
    let lines = table(&stages(&config), &config);
    assert_eq!(
        lines.join("\n"),
        "\
stage       epochs     px  batch  RandAugment  mixup  cutmix  dropout
    1          1–4     48      8            5      0       0      0.1
    2          5–9     64      8           10      0       0      0.2"
    );
}
