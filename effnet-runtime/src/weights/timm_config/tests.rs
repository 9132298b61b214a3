use std::path::Path;

use effnet_spec::{Operator, Padding, Row, Settings, Spec};

use super::TimmConfig;
use crate::dialect::{Dialect, Fit, Interpolation};
use crate::weights::published::{Published, Series};
use crate::weights::{Convention, Error};

/// What timm 1.0.31's `save_config_for_hf` writes of its B1.
const B1: &str = r#"{"architecture": "efficientnet_b1", "num_classes": 1000, "num_features": 1280, "global_pool": "avg",
"model_args": {"in_chans": 3, "num_classes": 1000, "global_pool": "avg"}, "pretrained_cfg": {"tag":
"ra4_e3600_r240_in1k", "custom_load": false, "input_size": [3, 240, 240], "test_input_size": [3, 288, 288],
"fixed_input_size": false, "interpolation": "bicubic", "crop_pct": 0.9, "test_crop_pct": 1.0, "crop_mode": "center",
"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "num_classes": 1000, "pool_size": [8, 8], "first_conv": "conv_stem",
"classifier": "classifier", "license": "apache-2.0"}}"#;

fn read(text: &str) -> Result<Option<TimmConfig>, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    std::fs::write(&path, text).unwrap();
    TimmConfig::read(&path)
}

fn network(series: Series, number: usize) -> Spec {
    Published::all().find(|(published, _)| *published == Published { series, number }).unwrap().1
}

#[test]
fn timms_own_file_is_read_for_evaluation() {
    let config = read(B1).unwrap().unwrap();
    assert_eq!((config.architecture.as_str(), config.num_classes, config.in_channels), ("efficientnet_b1", 1000, 3));
    let dialect = Dialect {
        padding: Padding::Symmetric,
        bn_eps: 1e-5,
        mean: vec![0.5],
        std: vec![0.5],
        test_size: 288,
        crop: 1.0,
        fit: Fit::Crop,
        interpolation: Interpolation::Bicubic,
    };
    assert_eq!(config.dialect, dialect);
}

/// Older files are flat, and say less.
#[test]
fn a_flat_file_is_read_with_timms_defaults() {
    let text = r#"{"architecture": "tf_efficientnet_lite3.in1k", "num_classes": 2, "mean": [0.1, 0.2, 0.3], "std": null,
                   "interpolation": "bilinear", "crop_mode": "squash", "labels": ["cat", "dog"], "unknown": [1]}"#;
    let config = read(text).unwrap().unwrap();
    assert_eq!(
        (config.architecture.as_str(), config.labels.as_slice()),
        ("tf_efficientnet_lite3", &["cat", "dog"].map(String::from)[..])
    );
    let dialect = config.dialect;
    assert_eq!((dialect.padding, dialect.bn_eps, dialect.test_size, dialect.crop), (Padding::Same, 1e-3, 224, 0.875));
    assert_eq!((dialect.fit, dialect.interpolation), (Fit::Squash, Interpolation::Bilinear));
    assert_eq!((dialect.mean, dialect.std), (vec![0.1, 0.2, 0.3], vec![0.229, 0.224, 0.225]));
}

#[test]
fn arguments_and_exceptions_change_the_arithmetic() {
    for (text, padding, bn_eps) in [
        (
            r#"{"architecture": "tf_efficientnetv2_s", "model_args": {"pad_type": "", "bn_eps": 0.002}}"#,
            Padding::Symmetric,
            2e-3,
        ),
        (r#"{"architecture": "efficientnet_b0", "model_args": {"pad_type": "same"}}"#, Padding::Same, 1e-5),
        (r#"{"architecture": "efficientnet_b2_pruned"}"#, Padding::Same, 1e-3),
        (r#"{"architecture": "fbnetc_100"}"#, Padding::Symmetric, 1e-3),
        (r#"{"architecture": "mobilenetv3_large_100"}"#, Padding::Symmetric, 1e-5),
    ] {
        let dialect = read(text).unwrap().unwrap().dialect;
        assert_eq!((dialect.padding, dialect.bn_eps), (padding, bn_eps), "{text}");
    }
}

#[test]
fn names_of_classes_are_found_wherever_timm_wrote_them() {
    let names = |rest: &str| {
        read(&format!(r#"{{"architecture": "efficientnet_b0", "num_classes": 2, {rest}}}"#)).unwrap().unwrap().labels
    };
    for rest in [
        r#""label_names": ["cat", "dog"]"#,
        r#""pretrained_cfg": {"label_names": ["cat", "dog"]}"#,
        r#""label_names": {"1": "dog", "0": "cat"}"#,
        r#""label_names": ["n1", "n2"], "label_descriptions": {"n1": "cat", "n2": "dog"}"#,
        r#""label_names": ["n1", "dog"], "pretrained_cfg": {"label_descriptions": {"n1": "cat"}}"#,
    ] {
        assert_eq!(names(rest), ["cat", "dog"], "{rest}");
    }
    assert!(names(r#""label_names": null"#).is_empty());
}

#[test]
fn other_programs_files_are_none_of_timms() {
    for text in
        [r#"{"architectures": ["EfficientNetForImageClassification"], "num_classes": "many"}"#, "[1]", "3", "{}"]
    {
        assert_eq!(read(text).unwrap(), None, "{text}");
    }
    assert_eq!(TimmConfig::read(Path::new("no/such/config.json")).unwrap(), None);
}

#[test]
fn what_is_wrong_is_said() {
    for (text, says) in [
        (
            r#"{"architecture": "efficientnet_b0", "crop_pct": "0.9"}"#,
            r#"says `"crop_pct": "0.9"`: it must be a number"#,
        ),
        (
            r#"{"architecture": "efficientnet_b0", "interpolation": "lanczos"}"#,
            "effnet resizes by `bicubic` or `bilinear`",
        ),
        (
            r#"{"architecture": "efficientnet_b0", "crop_mode": "border"}"#,
            "effnet makes a square by `center` or `squash`",
        ),
        (r#"{"architecture": "efficientnet_b0", "input_size": [3, 200, 224]}"#, "effnet's images are square"),
        (r#"{"architecture": "efficientnet_b0", "input_size": [3, 224]}"#, "a list of channels, height and width"),
        (r#"{"architecture": "efficientnet_b0", "mean": []}"#, "a list of numbers"),
        (
            r#"{"architecture": "efficientnet_b0", "num_classes": 3, "label_names": ["a"]}"#,
            "these are 1 names, and there are 3 classes",
        ),
        (
            r#"{"architecture": "efficientnet_b0", "num_classes": 2, "label_names": {"0": "a"}}"#,
            "name every class by its number",
        ),
        (r#"{"pretrained_cfg": {}}"#, "names no `architecture`"),
        ("{", "is no JSON"),
    ] {
        let error = read(text).expect_err(text).to_string();
        assert!(error.contains(says) && error.contains("config.json` ") && !error.contains('\n'), "{error}");
    }
}

/// What is written is read again as it was, in the arithmetic of each convention.
#[test]
fn a_written_file_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    for (_, mut spec) in Published::all() {
        for convention in Convention::ALL {
            spec.settings.in_channels = if convention == Convention::Wzm { 1 } else { 3 };
            let dialect = convention.dialect(&spec);
            let Ok(config) = TimmConfig::of_network(&spec, &dialect, 2, &["a", "b"].map(String::from)) else {
                continue;
            };
            config.write_beside(&folder.path().join("model.safetensors")).unwrap();
            let again = TimmConfig::read(&folder.path().join("config.json")).unwrap().unwrap();
            let interpolation = match dialect.interpolation {
                Interpolation::TfBilinear => Interpolation::Bilinear,
                Interpolation::Tf1Bicubic => Interpolation::Bicubic,
                pillows => pillows,
            };
            let fit = if dialect.fit == Fit::Cut { Fit::Crop } else { dialect.fit };
            let mean = again.dialect.mean.clone();
            assert_eq!(again, TimmConfig { dialect: Dialect { fit, interpolation, mean, ..dialect }, ..config });
            names.push(again.architecture);
        }
    }
    names.sort_unstable();
    names.dedup();
    // S to XL, B0 to B8, L2, Lite0 to 4 and EdgeTPU's three with and without `tf_`; V2's B0 to B3; RW's three.
    assert_eq!(names.len(), 2 * (4 + 9 + 1 + 5 + 3) + 4 + 3, "{names:?}");
}

#[test]
fn a_network_that_timm_does_not_have_is_refused() {
    let rows = vec![Row::new(1, 3, 1, 1, 32, 32, Operator::Fused, 0.0)];
    let own = Spec { name: "Own".into(), rows: rows.into(), settings: Settings::DEFAULT };
    let mut wider = network(Series::S, 0);
    wider.settings.num_features = 1024;
    for (spec, says) in [(own, "none of timm's EfficientNets"), (wider, "the head of timm's `efficientnetv2_s`")] {
        let error = TimmConfig::of_network(&spec, &Dialect::of(&spec.settings), 2, &[]).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
