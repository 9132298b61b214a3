//! Published figures of the variants.

use effnet_models::{EfficientNetV2B0, EfficientNetV2S, VARIANTS, find};
use effnet_runtime::spec::{Activation, Settings, Size, Spec};
use effnet_runtime::weights::Convention;
use effnet_runtime::{Fit, Interpolation, Network, Params};

fn spec(name: &str) -> &'static Spec {
    find(name).expect("a variant").spec()
}

/// timm's counts of its models of these names, and torchvision's of `efficientnet_v2_*`.
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
        ("efficientnet-b0", 5_288_548),
        ("efficientnet-b1", 7_794_184),
        ("efficientnet-b2", 9_109_994),
        ("efficientnet-b3", 12_233_232),
        ("efficientnet-b4", 19_341_616),
        ("efficientnet-b5", 30_389_784),
        ("efficientnet-b6", 43_040_704),
        ("efficientnet-b7", 66_347_960),
        ("lite0", 4_652_008),
        ("lite1", 5_416_680),
        ("lite2", 6_092_072),
        ("lite3", 8_197_096),
        ("lite4", 13_006_568),
        ("efficientnetv2_rw_t", 13_649_388),
        ("efficientnetv2_rw_s", 23_941_296),
        ("efficientnetv2_rw_m", 53_236_442),
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

/// At the evaluation size; as PyTorch counts over timm's models.
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
        ("efficientnet-b0", 224, 385_814_752),
        ("efficientnet-b1", 240, 686_802_832),
        ("efficientnet-b2", 260, 993_561_872),
        ("efficientnet-b3", 300, 1_827_141_392),
        ("efficientnet-b4", 380, 4_393_771_024),
        ("efficientnet-b5", 456, 10_266_384_752),
        ("efficientnet-b6", 528, 19_067_593_536),
        ("efficientnet-b7", 600, 37_745_884_192),
        ("lite0", 224, 385_187_552),
        ("lite1", 240, 600_185_232),
        ("lite2", 260, 859_736_272),
        ("lite3", 280, 1_383_321_872),
        ("lite4", 300, 2_553_034_336),
        ("efficientnetv2_rw_t", 288, 3_159_953_120),
        ("efficientnetv2_rw_s", 384, 8_640_282_112),
        ("efficientnetv2_rw_m", 416, 21_332_303_888),
    ] {
        assert_eq!(spec(name).settings.eval_size, Some(size), "{name}");
        assert_eq!(spec(name).cost(Size::square(size), 1_000).macs, macs, "{name}");
    }
    assert_eq!(spec("s").cost(Size::square(384), 1_000).activations, 35_766_624);
}

#[test]
fn the_readme_has_every_variant() {
    let readme = include_str!("../../README.md");
    for variant in &VARIANTS {
        let (name, settings) = (variant.name(), &variant.spec().settings);
        let (train, eval) = (settings.train_size.expect("a size"), settings.eval_size.expect("a size"));
        let cost = variant.spec().cost(Size::square(eval), 1_000);
        let (params, macs) = (cost.params as f64 / 1e6, cost.macs as f64 / 1e9);
        let row = format!("\n| `{name}` | {params:.2} M | {macs:.2} G | {train} | {eval} |\n");
        assert!(readme.contains(&row), "README.md lacks {row}");
    }
}

/// `drop_path * i / N`, never `drop_path` itself.
#[test]
fn drop_path_rises_to_just_below_its_rate() {
    assert_eq!(EfficientNetV2S::DROP_PATH.len(), 40);
    assert_eq!(EfficientNetV2S::DROP_PATH[0], 0.0);
    assert_eq!(EfficientNetV2S::DROP_PATH[39], 0.195);
}

/// `efficientnetv2_params` of google/automl's `effnetv2_configs.py`, `efficientnet_params` of its
/// `efficientnet_builder.py`, `efficientnet_lite_params` of its `efficientnet_lite_builder.py`; timm's `default_cfgs`.
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
        ("efficientnet-b0", 224, 224, 0.2),
        ("efficientnet-b1", 240, 240, 0.2),
        ("efficientnet-b2", 260, 260, 0.3),
        ("efficientnet-b3", 300, 300, 0.3),
        ("efficientnet-b4", 380, 380, 0.4),
        ("efficientnet-b5", 456, 456, 0.4),
        ("efficientnet-b6", 528, 528, 0.5),
        ("efficientnet-b7", 600, 600, 0.5),
        ("lite0", 224, 224, 0.2),
        ("lite1", 240, 240, 0.2),
        ("lite2", 260, 260, 0.3),
        ("lite3", 280, 280, 0.3),
        ("lite4", 300, 300, 0.3),
        ("efficientnetv2_rw_t", 224, 288, 0.2),
        ("efficientnetv2_rw_s", 288, 384, 0.2),
        ("efficientnetv2_rw_m", 320, 416, 0.3),
    ] {
        let settings = &spec(name).settings;
        assert_eq!((settings.train_size, settings.eval_size), (Some(train), Some(eval)), "{name}");
        assert_eq!((settings.dropout, settings.drop_path), (dropout, 0.2), "{name}");
    }
}

/// What the sources say of batch normalisation, activations and pixels.
#[test]
fn families() {
    let imagenet = (vec![0.485, 0.456, 0.406], vec![0.229, 0.224, 0.225]);
    for variant in &VARIANTS {
        let settings = &variant.spec().settings;
        let (eps, momentum, activation, pixels) = match variant.name() {
            "s" | "m" | "l" | "xl" => (1e-3, 0.1, Activation::Silu, (vec![0.5], vec![0.5])),
            "b0" | "b1" | "b2" | "b3" => (1e-3, 0.1, Activation::Silu, imagenet.clone()),
            name if name.starts_with("efficientnet-b") => (1e-3, 0.01, Activation::Silu, imagenet.clone()),
            name if name.starts_with("lite") => {
                (1e-3, 0.01, Activation::Relu6, (vec![127.0 / 255.0], vec![128.0 / 255.0]))
            }
            _ => (1e-5, 0.1, Activation::Silu, imagenet.clone()),
        };
        assert_eq!((settings.bn_eps, settings.bn_momentum), (eps, momentum), "{}", variant.name());
        assert_eq!(settings.activation, activation, "{}", variant.name());
        assert_eq!((settings.mean.to_vec(), settings.std.to_vec()), pixels, "{}", variant.name());
    }
}

/// Blocks, channels of the last stage and of the head, of timm's models.
#[test]
fn scaled_tables() {
    let sizes: Vec<_> = VARIANTS
        .iter()
        .map(|variant| (variant.name(), variant.spec()))
        .map(|(name, spec)| (name, spec.num_blocks(), spec.last_channels(), spec.settings.num_features))
        .collect();
    let wanted = [
        ("s", 40, 256, 1280),
        ("m", 57, 512, 1280),
        ("l", 79, 640, 1280),
        ("xl", 100, 640, 1280),
        ("b0", 21, 192, 1280),
        ("b1", 27, 192, 1280),
        ("b2", 28, 208, 1408),
        ("b3", 32, 232, 1536),
        ("efficientnet-b0", 16, 320, 1280),
        ("efficientnet-b1", 23, 320, 1280),
        ("efficientnet-b2", 23, 352, 1408),
        ("efficientnet-b3", 26, 384, 1536),
        ("efficientnet-b4", 32, 448, 1792),
        ("efficientnet-b5", 39, 512, 2048),
        ("efficientnet-b6", 45, 576, 2304),
        ("efficientnet-b7", 55, 640, 2560),
        ("lite0", 16, 320, 1280),
        ("lite1", 21, 320, 1280),
        ("lite2", 21, 352, 1280),
        ("lite3", 24, 384, 1280),
        ("lite4", 30, 448, 1280),
        ("efficientnetv2_rw_t", 39, 208, 1024),
        ("efficientnetv2_rw_s", 40, 272, 1792),
        ("efficientnetv2_rw_m", 60, 328, 2152),
    ];
    assert_eq!(sizes, wanted);
}

/// The tables by which effnet-runtime recognises automl's variants are these: of any other, a mean of its own would win.
#[test]
fn the_variants_are_recognised() {
    for variant in ["s", "m", "l", "xl", "b0", "b1", "b2", "b3"].map(|name| find(name).expect("a variant")) {
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
