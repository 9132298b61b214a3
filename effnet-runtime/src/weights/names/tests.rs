use std::borrow::Cow;
use std::collections::BTreeSet;

use effnet_spec::{HeadKind, Operator, Row, Settings, Spec};

use super::nearest::every_kind;
use super::{Layout, Scheme};
use crate::weights::published::{Published, Series};

fn spec(rows: &[Row]) -> Spec {
    Spec { name: Cow::Borrowed("Test"), rows: Cow::Owned(rows.to_vec()), settings: Settings::DEFAULT }
}

#[test]
fn maps_are_one_to_one() {
    for scheme in Scheme::ALL {
        let pairs = scheme.pairs(&every_kind(scheme)).unwrap();
        let ours: BTreeSet<_> = pairs.iter().map(|pair| &pair.ours).collect();
        let theirs: BTreeSet<_> = pairs.iter().map(|pair| &pair.theirs).collect();
        assert_eq!(ours.len(), pairs.len(), "{scheme:?}: one of our names twice");
        assert_eq!(theirs.len(), pairs.len(), "{scheme:?}: one of its names twice");
    }
}

#[test]
fn every_scheme_names_the_same_parameters() {
    for scheme in Scheme::ALL {
        let spec = every_kind(scheme);
        let own = Scheme::Own.pairs(&spec).unwrap();
        assert!(own.iter().all(|pair| pair.ours == pair.theirs && pair.layout == Layout::Same));
        let theirs = scheme.pairs(&spec).unwrap();
        assert!(own.iter().map(|pair| &pair.ours).eq(theirs.iter().map(|pair| &pair.ours)), "{scheme:?}");
    }
}

#[test]
fn a_scheme_is_told_by_its_own_names_and_no_other() {
    for scheme in Scheme::ALL {
        let names: BTreeSet<_> =
            scheme.pairs(&every_kind(scheme)).unwrap().into_iter().map(|pair| pair.theirs).collect();
        assert_eq!(Scheme::of(|name| names.contains(name)), Some(scheme));
        assert!(names.contains(&scheme.of_classifier("weight")) && names.contains(&scheme.of_classifier("bias")));
    }
    assert_eq!(Scheme::of(|_| false), None);
}

/// The files of `parity` have no depthwise-separable block; torchvision's and timm's classes do.
#[test]
fn depthwise_separable_blocks() {
    let spec = spec(&[Row::new(1, 3, 1, 1, 8, 8, Operator::MbConv, 0.25)]);
    let theirs = |scheme: Scheme, ours: &str| {
        scheme.pairs(&spec).unwrap().into_iter().find(|pair| pair.ours == ours).map(|pair| pair.theirs)
    };
    for (ours, torchvision, timm) in [
        ("blocks.0.dwconv.conv.weight", "features.1.0.block.0.0.weight", "blocks.0.0.conv_dw.weight"),
        ("blocks.0.dwconv.bn.bias", "features.1.0.block.0.1.bias", "blocks.0.0.bn1.bias"),
        ("blocks.0.se.conv_expand.bias", "features.1.0.block.1.fc2.bias", "blocks.0.0.se.conv_expand.bias"),
        ("blocks.0.project_conv.conv.weight", "features.1.0.block.2.0.weight", "blocks.0.0.conv_pw.weight"),
        ("blocks.0.project_conv.bn.weight", "features.1.0.block.2.1.weight", "blocks.0.0.bn2.weight"),
        ("head.project_conv.conv.weight", "features.2.0.weight", "conv_head.weight"),
    ] {
        assert_eq!(theirs(Scheme::Torchvision, ours).as_deref(), Some(torchvision));
        assert_eq!(theirs(Scheme::Timm, ours).as_deref(), Some(timm));
    }
}

/// Keras' two EfficientNets differ in one layer's name, and only a table of the first's has its own.
#[test]
fn keras_calls_a_depthwise_convolution_by_its_network() {
    let v1 = Published::all().find(|(published, _)| published.series == Series::V1).unwrap().1;
    let mut relative = v1.clone();
    relative.rows.to_mut()[0].repeats += 1;
    for (spec, name) in [(v1, "block1a_dwconv/kernel"), (relative, "block1a_dwconv2/kernel")] {
        let pairs = Scheme::Keras.pairs(&spec).unwrap();
        assert!(pairs.iter().any(|pair| pair.theirs == name), "{name}");
    }
}

/// The tables of names in automl's and Keras' own programs, block by block, and of lukemelas'.
#[test]
fn blocks_of_tensorflow_and_lukemelas() {
    use Operator::{Fused, MbConv};
    let spec = spec(&[
        Row::new(1, 3, 1, 1, 8, 8, Fused, 0.0),
        Row::new(1, 3, 1, 1, 8, 8, MbConv, 0.25),
        Row::new(2, 3, 1, 4, 8, 8, Fused, 0.0),
        Row::new(1, 3, 1, 4, 8, 8, MbConv, 0.25),
    ]);
    for (ours, keras, automl, objects) in [
        (
            "stem.bn.running_var",
            "stem_bn/moving_variance",
            "stem/tpu_batch_normalization/moving_variance",
            "_stem/_norm/moving_variance",
        ),
        (
            "blocks.0.project_conv.conv.weight",
            "block1a_project_conv/kernel",
            "blocks_0/conv2d/kernel",
            "_blocks/0/_project_conv/kernel",
        ),
        (
            "blocks.0.project_conv.bn.weight",
            "block1a_project_bn/gamma",
            "blocks_0/tpu_batch_normalization/gamma",
            "_blocks/0/_norm1/gamma",
        ),
        (
            "blocks.1.dwconv.conv.weight",
            "block2a_dwconv2/kernel",
            "blocks_1/depthwise_conv2d/depthwise_kernel",
            "_blocks/1/_depthwise_conv/depthwise_kernel",
        ),
        (
            "blocks.1.project_conv.conv.weight",
            "block2a_project_conv/kernel",
            "blocks_1/conv2d/kernel",
            "_blocks/1/_project_conv/kernel",
        ),
        (
            "blocks.1.project_conv.bn.bias",
            "block2a_project_bn/beta",
            "blocks_1/tpu_batch_normalization_1/beta",
            "_blocks/1/_norm2/beta",
        ),
        (
            "blocks.3.expand_conv.conv.weight",
            "block3b_expand_conv/kernel",
            "blocks_3/conv2d/kernel",
            "_blocks/3/_expand_conv/kernel",
        ),
        (
            "blocks.3.project_conv.conv.weight",
            "block3b_project_conv/kernel",
            "blocks_3/conv2d_1/kernel",
            "_blocks/3/_project_conv/kernel",
        ),
        (
            "blocks.4.se.conv_reduce.bias",
            "block4a_se_reduce/bias",
            "blocks_4/se/conv2d/bias",
            "_blocks/4/_se/_se_reduce/bias",
        ),
        (
            "blocks.4.dwconv.bn.running_mean",
            "block4a_bn/moving_mean",
            "blocks_4/tpu_batch_normalization_1/moving_mean",
            "_blocks/4/_norm1/moving_mean",
        ),
        (
            "blocks.4.project_conv.bn.weight",
            "block4a_project_bn/gamma",
            "blocks_4/tpu_batch_normalization_2/gamma",
            "_blocks/4/_norm2/gamma",
        ),
        ("head.project_conv.conv.weight", "top_conv/kernel", "head/conv2d/kernel", "_head/_conv_head/kernel"),
        ("head.classifier.weight", "predictions/kernel", "head/dense/kernel", "_fc/kernel"),
    ] {
        for (scheme, expected) in [(Scheme::Keras, keras), (Scheme::Automl, automl), (Scheme::AutomlObjects, objects)] {
            let pairs = scheme.pairs(&spec).unwrap();
            let pair = pairs.iter().find(|pair| pair.ours == ours).unwrap();
            assert_eq!(pair.theirs, expected, "{scheme:?} {ours}");
        }
    }
}

#[test]
fn what_an_implementation_lacks_is_refused_by_name() {
    let refused = |scheme: Scheme, row: Row| scheme.pairs(&spec(&[row])).unwrap_err().to_string();
    let long = Row::new(27, 3, 1, 4, 8, 8, Operator::MbConv, 0.25);
    assert_eq!(
        refused(Scheme::Keras, long),
        "keras has no names for the blocks of row 1: it letters the blocks of a stage from a to z, and this one has more than 26"
    );
    assert!(Scheme::Automl.pairs(&spec(&[long])).is_ok());
    let fused = Row::new(1, 3, 1, 4, 8, 8, Operator::Fused, 0.0);
    assert!(refused(Scheme::Lukemelas, fused).ends_with("row 1: all its blocks are `mbconv`"));
    let gated = Row::new(1, 3, 1, 4, 8, 8, Operator::Fused, 0.25);
    assert!(refused(Scheme::Torchvision, gated).ends_with("row 1: its `fused` blocks have no squeeze-and-excitation"));
    let bare = Row::new(1, 3, 1, 4, 8, 8, Operator::MbConv, 0.0);
    assert!(
        refused(Scheme::Torchvision, bare).ends_with("row 1: all its `mbconv` blocks have a squeeze-and-excitation")
    );
    let plain = Row::new(1, 3, 1, 1, 8, 8, Operator::Plain, 0.0);
    let expanding = Row { expand_conv: true, ..Row::new(1, 3, 1, 1, 8, 8, Operator::MbConv, 0.25) };
    for scheme in Scheme::ALL.into_iter().filter(|scheme| !matches!(scheme, Scheme::Own | Scheme::Timm)) {
        if scheme != Scheme::Lukemelas {
            assert!(refused(scheme, plain).ends_with("row 1: all its blocks are `fused` or `mbconv`"));
        }
        let reason = "row 1: it has no expand convolution of as many channels as its block takes";
        assert!(refused(scheme, expanding).ends_with(reason), "{scheme}");
        let pooled = Settings { head: HeadKind::Pooled, num_features: 64, ..Settings::DEFAULT };
        let of_pooled = Spec { settings: pooled, ..spec(&[Row::new(1, 3, 1, 4, 8, 8, Operator::MbConv, 0.25)]) };
        assert!(scheme.pairs(&of_pooled).unwrap_err().to_string().contains("for the head"), "{scheme}");
    }
}
