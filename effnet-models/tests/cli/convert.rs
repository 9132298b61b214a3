//! `effnet convert`.

use std::fs;

use crate::bad_weights::{TABLE, fixture};
use crate::support::{RUN, effnet, fail, folder, succeed, succeed_json};

/// Weights in timm's names become ours, which say all of themselves, and come back as they were.
#[test]
fn foreign_weights_become_ours_and_theirs_again() {
    let folder = folder();
    fs::write(folder.path().join("pytorch.table"), TABLE).expect("written");
    fs::write(folder.path().join("labels.json"), r#"["even", "odd"]"#).expect("written");
    let convert = |args: &[&str]| {
        let mut command = effnet(folder.path());
        command.arg("convert").args(args);
        command
    };
    let predict = |args: &[&str]| succeed(effnet(folder.path()).arg("predict").args(args).arg(RUN.image()));
    let plain = fixture("plain.safetensors");
    let plain = plain.to_str().expect("UTF-8");
    let how = ["--table", "pytorch.table", "--dialect", "timm-tf", "--crop", "0.9", "--labels", "labels.json"];
    let expected = predict(&[&["--weights", plain], &how[..]].concat());
    assert!(expected.contains("even"), "{expected}");
    let report =
        succeed_json(convert(&[&[plain, "own.safetensors", "--json"], &how[..]].concat()).env("RUST_LOG", "off"));
    assert_eq!((report["names"].as_str(), report["classes"].as_u64()), (Some("effnet"), Some(2)));
    assert_eq!(predict(&["--weights", "own.safetensors"]), expected);

    let torchvisions = succeed(&mut convert(&["own.safetensors", "theirs.pth", "--names", "torchvision"]));
    assert!(
        torchvisions.starts_with("theirs.pth: pytorch, 2 classes") && torchvisions.contains("torchvision's names"),
        "{torchvisions}"
    );
    assert_eq!(predict(&[&["--weights", "theirs.pth"], &how[..]].concat()), expected);

    let keras = succeed(&mut convert(&["own.safetensors", "theirs.weights.h5"]));
    assert!(keras.contains("under keras's names"), "{keras}");
    assert_eq!(predict(&[&["--weights", "theirs.weights.h5"], &how[..]].concat()), expected);

    let own = fs::read(folder.path().join("own.safetensors")).expect("read");
    fail(&mut convert(&["own.safetensors", "./own.safetensors", "--names", "timm"]), &["is the weights file itself"]);
    fail(&mut convert(&["own.safetensors", "out.onnx"]), &["`out.onnx` tells no format"]);
    fail(&mut convert(&["own.safetensors", "out.pth", "--names", "lukemelas"]), &["lukemelas"]);
    assert_eq!(fs::read(folder.path().join("own.safetensors")).expect("read"), own);
}
