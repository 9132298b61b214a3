//! Published figures of the variants.

use effnet_models::{EfficientNetV2B0, EfficientNetV2S, VARIANTS, find};
use effnet_runtime::spec::{Settings, Size, Spec};
use effnet_runtime::weights::Convention;
use effnet_runtime::{Fit, Interpolation, Network, Params};

fn spec(name: &str) -> &'static Spec {
    find(name).expect("a variant").spec()
}

/// timm's counts of `tf_efficientnetv2_*` and torchvision's of `efficientnet_v2_*`.
#[test]
fn trainable_parameters() {
    for (name, params) in [
        ("b0", 7_139_704),
        ("b1", 8_141_052),
        ("b2", 10_096_086),
        ("b3", 14_358_406),
        ("s", 21_458_488),
        ("m", 54_139_356),
        ("l", 118_515_272),
        ("xl", 208_119_808),
    ] {
        assert_eq!(spec(name).params(1_000), params, "{name}");
    }
    assert_eq!(EfficientNetV2S::PARAMS, 21_458_488);
    assert_eq!(EfficientNetV2S::params(10), 21_458_488 - 990 * 1_281);
}

#[test]
fn the_network_has_the_parameters_that_its_table_counts() {
    let network = EfficientNetV2B0::new(10, Params::new(0).builder()).expect("built");
    assert_eq!(network.params().trainable(), EfficientNetV2B0::params(10));
}

/// At the evaluation size; as PyTorch counts over timm's `tf_efficientnetv2_*`.
#[test]
fn multiply_accumulates() {
    for (name, size, macs) in [
        ("b0", 224, 718_086_176),
        ("b1", 240, 1_196_819_360),
        ("b2", 260, 1_697_542_832),
        ("b3", 300, 3_011_458_816),
        ("s", 384, 8_365_617_152),
        ("m", 480, 24_582_460_384),
        ("l", 480, 56_079_699_008),
        ("xl", 512, 93_353_451_520),
    ] {
        assert_eq!(spec(name).settings.eval_size, Some(size), "{name}");
        assert_eq!(spec(name).cost(Size::square(size), 1_000).macs, macs, "{name}");
    }
    assert_eq!(spec("s").cost(Size::square(384), 1_000).activations, 35_766_624);
}

/// `drop_path * i / N`, never `drop_path` itself.
#[test]
fn drop_path_rises_to_just_below_its_rate() {
    assert_eq!(EfficientNetV2S::DROP_PATH.len(), 40);
    assert_eq!(EfficientNetV2S::DROP_PATH[0], 0.0);
    assert_eq!(EfficientNetV2S::DROP_PATH[39], 0.195);
}

/// `efficientnetv2_params` of google/automl's `effnetv2_configs.py`.
#[test]
fn sizes_and_dropout() {
    for (name, train, eval, dropout) in [
        ("s", 300, 384, 0.2),
        ("m", 384, 480, 0.3),
        ("l", 384, 480, 0.4),
        ("xl", 384, 512, 0.4),
        ("b0", 192, 224, 0.2),
        ("b1", 192, 240, 0.2),
        ("b2", 208, 260, 0.3),
        ("b3", 240, 300, 0.3),
    ] {
        let settings = &spec(name).settings;
        assert_eq!((settings.train_size, settings.eval_size), (Some(train), Some(eval)), "{name}");
        assert_eq!((settings.dropout, settings.drop_path), (dropout, 0.2), "{name}");
    }
}

/// Heads and last stages of timm's `tf_efficientnetv2_b2` and `_b3`, whose tables are scaled in width too.
#[test]
fn scaled_tables() {
    assert_eq!((spec("b1").settings.num_features, spec("b1").last_channels()), (1280, 192));
    assert_eq!((spec("b2").settings.num_features, spec("b2").last_channels()), (1408, 208));
    assert_eq!((spec("b3").settings.num_features, spec("b3").last_channels()), (1536, 232));
    let blocks: Vec<_> = VARIANTS.iter().map(|variant| (variant.name(), variant.spec().num_blocks())).collect();
    let wanted = [("s", 40), ("m", 57), ("l", 79), ("xl", 100), ("b0", 21), ("b1", 27), ("b2", 28), ("b3", 32)];
    assert_eq!(blocks, wanted);
}

/// The tables by which effnet-runtime recognises the variants are these: of any other, a mean of its own would win.
#[test]
fn the_variants_are_recognised() {
    for variant in &VARIANTS {
        let is = |name| variant.name() == name;
        let settings = Settings { mean: vec![0.1].into(), ..variant.spec().settings.clone() };
        let spec = Spec { settings, ..variant.spec().clone() };
        let [timm, torchvision] =
            [Convention::TimmTf, Convention::Torchvision].map(|convention| convention.dialect(&spec));
        assert_ne!(timm.mean, [0.1], "{}", variant.name());
        assert_eq!(timm.fit == Fit::Squash, is("m") || is("l") || is("xl"), "{}", variant.name());
        assert_eq!(torchvision.interpolation == Interpolation::Bicubic, is("l"), "{}", variant.name());
    }
}
