//! Conventions' dialects.

use std::borrow::Cow;

use effnet_spec::{Operator, Row, Settings};

use super::Series::{Base, EdgeTpu, L, Lite, M, S, V1};
use super::*;
use crate::dialect::Fit;

/// A network that nobody has published.
fn spec(eval_size: usize) -> Spec {
    let rows = vec![Row::new(1, 3, 1, 1, 32, 32, Operator::Fused, 0.0)];
    let settings = Settings { eval_size: Some(eval_size), ..Settings::DEFAULT };
    Spec { name: Cow::Borrowed("Test"), rows: Cow::Owned(rows), settings }
}

#[test]
fn names_round_trip() {
    for convention in Convention::ALL {
        assert_eq!(convention.name().parse::<Convention>().unwrap(), convention);
    }
    let error = "tensorflow".parse::<Convention>().unwrap_err().to_string();
    assert!(error.contains("`tensorflow`") && error.contains("timm-tf"), "{error}");
}

fn of(series: Series, eval_size: usize) -> Spec {
    numbered(series, 0, eval_size)
}

fn numbered(series: Series, number: usize, eval_size: usize) -> Spec {
    let wanted = Published { series, number };
    let (_, mut spec) = Published::all().find(|(published, _)| *published == wanted).unwrap();
    spec.settings.eval_size = Some(eval_size);
    spec
}

/// The values are timm's configurations of `tf_efficientnetv2_b0` to `b3`, `_s` to `_l`.
#[test]
fn crops_are_those_of_timm() {
    for (spec, size, crop, fit) in [
        (of(Base, 224), 224, 0.875, Fit::Crop),
        (of(Base, 240), 240, 0.882, Fit::Crop),
        (of(Base, 260), 260, 0.890, Fit::Crop),
        (of(Base, 300), 300, 0.904, Fit::Crop),
        (of(S, 384), 384, 1.0, Fit::Crop),
        (of(M, 480), 480, 1.0, Fit::Squash),
        (of(L, 480), 480, 1.0, Fit::Squash),
    ] {
        let dialect = Convention::TimmTf.dialect(&spec);
        assert_eq!((dialect.crop, dialect.fit, dialect.test_size), (crop, fit, size));
    }
}

/// The presets of `EfficientNet_B0_Weights` to `B7`'s defaults, in torchvision's `efficientnet.py`.
#[test]
fn the_first_versions_presets_are_torchvisions() {
    for (number, size, resize, interpolation, bn_eps) in [
        (0, 224.0, 256.0, Interpolation::Bicubic, 1e-5),
        (1, 240.0, 255.0, Interpolation::Bilinear, 1e-5),
        (2, 288.0, 288.0, Interpolation::Bicubic, 1e-5),
        (3, 300.0, 320.0, Interpolation::Bicubic, 1e-5),
        (4, 380.0, 384.0, Interpolation::Bicubic, 1e-5),
        (5, 456.0, 456.0, Interpolation::Bicubic, 1e-3),
        (6, 528.0, 528.0, Interpolation::Bicubic, 1e-3),
        (7, 600.0, 600.0, Interpolation::Bicubic, 1e-3),
    ] {
        let dialect = Convention::Torchvision.dialect(&numbered(V1, number, size as usize));
        assert_eq!((dialect.crop, dialect.interpolation, dialect.bn_eps), (size / resize, interpolation, bn_eps));
        assert_eq!(
            (dialect.padding, dialect.fit, dialect.mean),
            (Padding::Symmetric, Fit::Crop, vec![0.485, 0.456, 0.406])
        );
    }
}

/// The values follow `preprocess_for_eval` in automl's `preprocessing.py`, and in its `preprocess_legacy.py` for
/// the B series.
#[test]
fn automl_cuts_small_images_out_and_squashes_large_ones() {
    for (spec, crop, fit, interpolation) in [
        (of(Base, 224), 224.0 / 256.0, Fit::Cut, Interpolation::Tf1Bicubic),
        (numbered(V1, 7, 600), 600.0 / 632.0, Fit::Cut, Interpolation::Tf1Bicubic),
        (numbered(Lite, 4, 380), 380.0 / 412.0, Fit::Cut, Interpolation::TfBilinear),
        (of(EdgeTpu, 224), 224.0 / 256.0, Fit::Cut, Interpolation::TfBilinear),
        (spec(300), 300.0 / 332.0, Fit::Cut, Interpolation::TfBilinear),
        (spec(384), 1.0, Fit::Squash, Interpolation::TfBilinear),
    ] {
        for convention in [Convention::Automl, Convention::Keras] {
            let dialect = convention.dialect(&spec);
            assert_eq!((dialect.crop, dialect.fit, dialect.interpolation), (crop, fit, interpolation));
        }
    }
}

/// lukemelas' `main.py` takes ImageNet's mean and deviation, and Lite's weights are for automl's 127 and 128.
#[test]
fn lukemelas_prepares_automls_pixels_by_pillow() {
    let of_127 = [127.0 / 255.0, 128.0 / 255.0];
    for (spec, share, [mean, std]) in [
        (of(V1, 224), 224.0 / 256.0, [0.485, 0.229]),
        (numbered(V1, 4, 380), 380.0 / 412.0, [0.485, 0.229]),
        (of(Lite, 224), 224.0 / 256.0, of_127),
    ] {
        let dialect = Convention::Lukemelas.dialect(&spec);
        assert_eq!((dialect.crop, dialect.fit, dialect.interpolation), (share, Fit::Crop, Interpolation::Bicubic));
        assert_eq!((dialect.mean[0], dialect.std[0]), (mean, std));
    }
}

/// Files from before the key lack it, and it is not written for a crop.
#[test]
fn metadata_without_a_fit_means_a_crop() {
    let dialect = Convention::Torchvision.dialect(&of(S, 384));
    let text = serde_json::to_string(&dialect).unwrap();
    assert!(!text.contains("fit") && text.contains(r#""interpolation":"bilinear""#), "{text}");
    assert_eq!(serde_json::from_str::<Dialect>(&text).unwrap(), dialect);
    let squashed = Convention::Automl.dialect(&of(S, 384));
    let text = serde_json::to_string(&squashed).unwrap();
    assert!(text.contains(r#""fit":"squash""#) && text.contains(r#""interpolation":"tf-bilinear""#), "{text}");
    assert_eq!(serde_json::from_str::<Dialect>(&text).unwrap(), squashed);
}

#[test]
fn padding_and_epsilon() {
    let spec = spec(300);
    for (convention, padding, bn_eps) in [
        (Convention::Torchvision, Padding::Symmetric, 1e-3),
        (Convention::Wzm, Padding::Symmetric, 1e-3),
        (Convention::Timm, Padding::Symmetric, 1e-5),
        (Convention::TimmTf, Padding::Same, 1e-3),
        (Convention::Keras, Padding::Same, 1e-3),
        (Convention::Automl, Padding::Same, 1e-3),
        (Convention::Lukemelas, Padding::Same, 1e-3),
    ] {
        let dialect = convention.dialect(&spec);
        assert_eq!((dialect.padding, dialect.bn_eps), (padding, bn_eps), "{convention:?}");
    }
}

/// A table of 40 blocks that ends 256 wide is S's only if the blocks between are.
#[test]
fn a_relative_of_s_or_l_gets_none_of_their_exceptions() {
    for (published, convention) in [(S, Convention::TimmTf), (L, Convention::Torchvision)] {
        let known = of(published, 384);
        let mut relative = known.clone();
        let rows = relative.rows.to_mut();
        (rows[3].repeats, rows[4].repeats) = (rows[3].repeats - 1, rows[4].repeats + 1);
        assert_eq!(relative.num_blocks(), known.num_blocks());
        assert_eq!(convention.dialect(&relative), convention.dialect(&spec(384)));
        assert_ne!(convention.dialect(&relative), convention.dialect(&known));
    }
}

#[test]
fn only_a_table_of_ones_own_says_what_pixels_are_normalised_by() {
    let set = |spec: Spec| {
        let settings = Settings { mean: vec![0.1].into(), std: vec![0.2].into(), ..spec.settings };
        Spec { settings, ..spec }
    };
    for convention in Convention::ALL {
        let dialect = convention.dialect(&set(spec(384)));
        assert_eq!((dialect.mean, dialect.std), (vec![0.1], vec![0.2]));
        assert_eq!(convention.dialect(&set(of(S, 384))), convention.dialect(&of(S, 384)));
    }
}

/// `tf_efficientnetv2_b3.in21k`.
#[test]
fn the_base_networks_of_21k_do_not_take_the_first_versions_images() {
    for (series, mean) in [(Base, 0.5), (S, 0.5)] {
        let dialect = Convention::TimmTf.dialect_of(&numbered(series, 0, 300), Some(IMAGENET_21K));
        assert_eq!(dialect.mean, [mean]);
    }
    assert_eq!(Convention::TimmTf.dialect_of(&of(Base, 300), Some(1000)).mean.len(), 3);
}
