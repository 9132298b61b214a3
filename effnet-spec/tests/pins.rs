//! Counts against what PyTorch and Keras say of the same networks.

mod support;

use effnet_spec::{Size, Spec};
use support::{NAMES, spec};

/// Trainable parameters for 1,000 classes: torchvision for S, M and L, Keras's `EfficientNetV2B0` … `B3` without the
/// moving averages, timm's `tf_efficientnetv2_xl`.
const PARAMS: [u64; 8] =
    [21_458_488, 54_139_356, 118_515_272, 208_119_808, 7_139_704, 8_141_052, 10_096_086, 14_358_406];

#[test]
fn parameters() {
    assert_eq!(NAMES.map(|name| spec(name).params(1_000)), PARAMS);
}

/// Only the linear layer knows the classes: 1,280 weights and a bias each.
#[test]
fn parameters_by_classes() {
    let s = spec("s");
    assert_eq!(s.params(1_000) - s.params(10), 990 * 1_281);
    assert_eq!(s.params(0), 20_177_488);
}

/// MACs and activations at the evaluation size, from forward hooks on timm's `tf_efficientnetv2_*`.
#[test]
fn macs_and_activations() {
    for (name, size, macs, activations) in [
        ("s", 384, 8_365_617_152, 35_766_624),
        ("m", 480, 24_582_460_384, 89_838_420),
        ("l", 480, 56_079_699_008, 157_987_752),
        ("xl", 512, 93_353_451_520, 247_319_904),
        ("b0", 224, 718_086_176, 4_773_400),
        ("b1", 240, 1_196_819_360, 7_335_996),
        ("b2", 260, 1_697_542_832, 9_837_134),
        ("b3", 300, 3_011_458_816, 15_735_934),
    ] {
        let spec = spec(name);
        assert_eq!(spec.settings.default_size(), size, "{name}");
        let cost = spec.cost(Size::square(size), 1_000);
        assert_eq!((cost.macs, cost.activations), (macs, activations), "{name}");
    }
}

/// Keras counts 21,612,360 parameters of S, moving averages included.
#[test]
fn buffers() {
    let cost = spec("s").cost(Size::ONE, 1_000);
    assert_eq!(cost.params + cost.buffers, 21_612_360);
}

#[test]
fn last_drop_path_rate() {
    let s = spec("s");
    assert_eq!(s.num_blocks(), 40);
    let rates: Vec<f64> = s.blocks().map(|block| block.drop_path).collect();
    assert_eq!((rates[0], rates[39]), (0.0, 0.195));
}

#[test]
fn parts_add_up_to_the_whole() {
    for name in NAMES {
        let spec = spec(name);
        let size = Size { height: 45, width: 37 };
        assert_eq!(spec.costs(size, 7).total(), spec.cost(size, 7), "{name}");
        assert_eq!(blocks_cost(&spec, size), spec.costs(size, 7).rows.iter().map(|cost| cost.macs).sum::<u64>());
        assert!(spec.validate().is_empty(), "{name}");
    }
}

fn blocks_cost(spec: &Spec, image: Size) -> u64 {
    let mut size = spec.stem_conv().output(image);
    let costs = spec.blocks().map(|block| {
        let macs = block.cost(size).macs;
        size = size.strided(block.stride);
        macs
    });
    costs.sum()
}

#[test]
fn counts_are_constants() {
    const TINY: Spec = Spec {
        name: std::borrow::Cow::Borrowed("Tiny"),
        rows: std::borrow::Cow::Borrowed(&[effnet_spec::Row::new(1, 3, 1, 1, 8, 8, effnet_spec::Operator::Fused, 0.0)]),
        settings: effnet_spec::Settings::DEFAULT,
    };
    const PARAMS: u64 = TINY.params(10);
    // Stem, block, head and linear layer.
    assert_eq!(PARAMS, (3 * 9 * 8 + 16) + (8 * 9 * 8 + 16) + (8 * 1_280 + 2_560) + 12_810);
}
