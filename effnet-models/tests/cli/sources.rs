//! Where weights come from, and what their classes are called.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

use crate::bad_weights::{TABLE, fixture};
use crate::support::{RUN, effnet, fail, folder};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// timm's configuration of the fixtures' network.
const CONFIG: &str = r#"{"architecture": "tf_efficientnetv2_s", "num_classes": 2, "label_names": ["even", "odd"],
    "pretrained_cfg": {"input_size": [3, 32, 32], "mean": [0.25, 0.25, 0.25], "crop_pct": 0.9}}"#;

/// A folder with the table, and in `at` timm's weights and configuration.
fn with_weights(at: &str) -> tempfile::TempDir {
    let folder = folder();
    fs::write(folder.path().join("pytorch.table"), TABLE).expect("written");
    let at = folder.path().join(at);
    fs::create_dir_all(&at).expect("made");
    fs::copy(fixture("plain.safetensors"), at.join("model.safetensors")).expect("copied");
    fs::write(at.join("config.json"), CONFIG).expect("written");
    folder
}

fn predict(folder: &Path, weights: &str, more: &[&str]) -> Command {
    let mut command = effnet(folder);
    command.args(["predict", "--table", "pytorch.table", "--weights", weights]).args(more).arg(RUN.image());
    command.env("HF_HUB_CACHE", folder.join("cache")).env("HF_HUB_OFFLINE", "1");
    command
}

fn texts(command: &mut Command) -> [String; 2] {
    let output = command.assert().success().get_output().clone();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
    // A line of the log begins with the time.
    [
        out,
        err.lines().map(|line| line.split_once(' ').map_or(line, |(_, line)| line).trim().to_owned() + "\n").collect(),
    ]
}

#[test]
fn a_folder_and_a_cached_repository_are_predicted_with_as_a_file_is() {
    let folder = with_weights(&format!("cache/models--timm--tiny/snapshots/{COMMIT}"));
    let repository = folder.path().join("cache/models--timm--tiny");
    fs::create_dir(repository.join("refs")).expect("made");
    fs::write(repository.join("refs/main"), COMMIT).expect("written");
    let snapshot = repository.join("snapshots").join(COMMIT);
    let snapshot = snapshot.to_str().expect("UTF-8");
    let [file, said] = texts(&mut predict(folder.path(), &format!("{snapshot}/model.safetensors"), &[]));
    assert!(file.contains("even") && file.contains("odd"), "{file}");
    assert!(
        said.contains("`same` padding, epsilon 0.001, mean 0.25") && said.contains("says of tf_efficientnetv2_s"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    for weights in [snapshot, "hf:timm/tiny", "hf:timm/tiny@main", &format!("hf:timm/tiny@{COMMIT}")] {
        assert_eq!(texts(&mut predict(folder.path(), weights, &[])), [file.clone(), said.clone()], "{weights}");
    }
    fail(
        &mut predict(folder.path(), "hf:timm/other", &[]),
        &["`hf:timm/other`: it is not in the cache", "models--timm--other"],
    );
    fail(&mut predict(folder.path(), "cache", &[]), &["`cache`: the folder has no weights file"]);
}

#[test]
fn what_is_said_goes_before_timms_configuration() {
    let folder = with_weights("timm");
    let flags = ["--mean", "0.1,0.2,0.3", "--crop", "0.5", "--fit", "squash", "--test-size", "48"];
    let [_, said] = texts(&mut predict(folder.path(), "timm", &flags));
    assert!(said.contains("mean [0.1, 0.2, 0.3]") && said.contains("48 px, crop 0.5 (`squash`)"), "{said}");
    assert!(said.contains("but for what was said"), "{said}");
    let config = r#"{"architecture": "efficientnet_b0", "pretrained_cfg": {"crop_mode": "border"}}"#;
    fs::write(folder.path().join("timm/config.json"), config).expect("written");
    fail(&mut predict(folder.path(), "timm", &[]), &["config.json` says `\"crop_mode\": \"border\"`: effnet makes"]);
}

#[test]
fn classes_are_called_as_a_file_of_labels_says() {
    let folder = with_weights("timm");
    fs::write(folder.path().join("labels.txt"), "night\nday\n").expect("written");
    let [out, _] = texts(&mut predict(folder.path(), "timm", &["--labels", "labels.txt"]));
    assert!(out.contains("night") && out.contains("day") && !out.contains("even"), "{out}");
    fs::write(folder.path().join("labels.txt"), "night\n").expect("written");
    let mut command = predict(folder.path(), "timm", &["--labels", "labels.txt"]);
    fail(&mut command, &["labels.txt names 1 classes, and the weights have 2"]);
}
