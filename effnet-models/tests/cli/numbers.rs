//! Weights of finite numbers that make none: an error, never a figure.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{RUN, effnet, fail, folder};

/// The run's weights with every element of a tensor set, in a file of their own.
fn with_filled(folder: &Path, tensors: &[(&str, f32)]) -> PathBuf {
    let mut bytes = fs::read(RUN.weights()).expect("read");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("a header")) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).expect("JSON");
    for (name, value) in tensors {
        let at = |end: usize| 8 + length + header[name]["data_offsets"][end].as_u64().expect("a place") as usize;
        for element in bytes[at(0)..at(1)].chunks_exact_mut(4) {
            element.copy_from_slice(&value.to_le_bytes());
        }
    }
    let path = folder.join("broken.safetensors");
    fs::write(&path, bytes).expect("written");
    path
}

/// What overflows in the head.
const OVERFLOWING: [(&str, f32); 2] =
    [("head.project_conv.bn.weight", 3e38), ("head.project_conv.bn.running_var", 0.0)];

#[test]
fn predictions_that_are_not_finite_are_an_error() {
    let folder = folder();
    let weights = with_filled(folder.path(), &OVERFLOWING);
    let image = RUN.image();
    let name = image.to_str().expect("UTF-8");
    let what = format!("the logits of {name} are not finite: the weights are damaged");
    let predict = |args: &[&str]| {
        let mut command = effnet(folder.path());
        command.arg("predict").args(args).arg("--weights").arg(&weights);
        command
    };
    fail(&mut predict(&[name]), &[&what]);
    let output = predict(&["--json", name, name]).assert().code(1).get_output().clone();
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(lines.lines().count(), 2, "{lines}");
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(line["error"].as_str().is_some_and(|error| error.starts_with(&what)), "{line}");
        assert!(line.get("top").is_none(), "{line}");
    }
}

#[test]
fn an_evaluation_that_is_not_finite_is_an_error() {
    let folder = folder();
    let weights = with_filled(folder.path(), &OVERFLOWING);
    for extra in [&[][..], &["--json"]] {
        let mut command = effnet(folder.path());
        command
            .args(["eval", "--part", "all"])
            .args(extra)
            .arg("--data")
            .arg(RUN.data())
            .arg("--weights")
            .arg(&weights);
        let first = RUN.data().join("0/0.png");
        fail(&mut command, &[&format!("the logits of {} are not finite", first.display())]);
        assert!(command.assert().get_output().stdout.is_empty());
    }
}

/// Training normalises by the batch's statistics, validation by the running ones, which here overflow.
#[test]
fn a_run_whose_validation_is_not_finite_ends_without_a_best() {
    let folder = folder();
    let weights = with_filled(folder.path(), &[("stem.bn.running_mean", 3e38)]);
    let mut command = effnet(folder.path());
    command.args([
        "train",
        "--table",
        "tiny.table",
        "--epochs",
        "2",
        "--batch",
        "16",
        "--size",
        "32",
        "--output",
        "run",
    ]);
    command.arg("--data").arg(RUN.data()).arg("--pretrained").arg(&weights);
    let stage = "the validation is not finite, as what stage 1 of the network puts out for ";
    fail(&mut command, &["the run stopped after the steps of epoch 1", stage, "begin a new run with a lower --lr"]);
    let run = folder.path().join("run");
    assert_eq!(fs::read_to_string(run.join("metrics.csv")).expect("metrics.csv").lines().count(), 1);
    assert_eq!(fs::read_dir(run.join("checkpoints")).expect("a folder").count(), 0);
}
