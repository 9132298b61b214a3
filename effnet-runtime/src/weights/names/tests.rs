use std::borrow::Cow;
use std::collections::BTreeSet;

use effnet_spec::{Operator, Row, Settings, Spec};

use super::Scheme;
use super::nearest::every_kind;

fn spec(rows: &[Row]) -> Spec {
    Spec { name: Cow::Borrowed("Test"), rows: Cow::Owned(rows.to_vec()), settings: Settings::DEFAULT }
}

#[test]
fn maps_are_one_to_one() {
    let spec = every_kind();
    for scheme in Scheme::ALL {
        let pairs = scheme.pairs(&spec);
        let ours: BTreeSet<_> = pairs.iter().map(|pair| &pair.ours).collect();
        let theirs: BTreeSet<_> = pairs.iter().map(|pair| &pair.theirs).collect();
        assert_eq!(ours.len(), pairs.len(), "{scheme:?}: one of our names twice");
        assert_eq!(theirs.len(), pairs.len(), "{scheme:?}: one of its names twice");
    }
}

#[test]
fn every_scheme_names_the_same_parameters() {
    let spec = every_kind();
    let ours = |scheme: Scheme| scheme.pairs(&spec).into_iter().map(|pair| pair.ours).collect::<Vec<_>>();
    let own = Scheme::Own.pairs(&spec);
    assert!(own.iter().all(|pair| pair.ours == pair.theirs));
    assert_eq!(ours(Scheme::Own), ours(Scheme::Torchvision));
    assert_eq!(ours(Scheme::Own), ours(Scheme::Timm));
}

#[test]
fn a_scheme_is_told_by_its_own_names_and_no_other() {
    let spec = every_kind();
    for scheme in Scheme::ALL {
        let names: BTreeSet<_> = scheme.pairs(&spec).into_iter().map(|pair| pair.theirs).collect();
        assert_eq!(Scheme::of(|name| names.contains(name)), Some(scheme));
        assert!(names.contains(&format!("{}.bias", scheme.classifier())));
    }
    assert_eq!(Scheme::of(|_| false), None);
}

/// The files of `parity` have no depthwise-separable block; torchvision's and timm's classes do.
#[test]
fn depthwise_separable_blocks() {
    let spec = spec(&[Row::new(1, 3, 1, 1, 8, 8, Operator::MbConv, 0.25)]);
    let theirs = |scheme: Scheme, ours: &str| {
        scheme.pairs(&spec).into_iter().find(|pair| pair.ours == ours).map(|pair| pair.theirs)
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
