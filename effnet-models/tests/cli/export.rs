//! `effnet export`: ONNX files, by the flags and from bad ones.

use std::fs;

use effnet_runtime::export::Onnx;
use serde_json::Value;

use crate::support::{RUN, effnet, fail, folder, misuse, succeed, succeed_json};

#[test]
fn what_was_written_is_checked_and_reported() {
    let folder = folder();
    let export = |file: &str, flags: &[&str]| -> Value {
        let mut command = effnet(folder.path());
        succeed_json(command.args(["export", file, "--check", "--json", "--weights"]).arg(RUN.weights()).args(flags))
    };
    let length = |file: &str| fs::metadata(folder.path().join(file)).expect("written").len();
    let plain = export("plain.onnx", &[]);
    assert_eq!((&plain["file"], plain["bytes"].as_u64()), (&Value::from("plain.onnx"), Some(length("plain.onnx"))));
    assert!(plain["error"].as_f64().expect("a number") < 1e-4, "{plain}");
    let onnx = Onnx::read(folder.path().join("plain.onnx")).expect("read");
    assert_eq!(plain["nodes"].as_u64(), Some(onnx.nodes() as u64));
    assert_eq!(onnx.metadata().expect("metadata").labels, ["0", "1", "2"]);

    let flags = ["--size", "40", "--batch", "3", "--keep-batch-norm", "--preprocess"];
    let more = export("more.ONNX", &flags);
    assert!(more["nodes"].as_u64() > plain["nodes"].as_u64(), "{more}");
    let half = export("half.onnx", &["--precision", "f16"]);
    assert!(half["error"].as_f64().expect("a number") < 1e-2, "{half}");
    assert!(length("half.onnx") < length("plain.onnx") * 3 / 4);

    let mut command = effnet(folder.path());
    command.args(["export", "int8.onnx", "--precision", "int8", "--calibration-images", "20", "--check", "--json"]);
    let int8 = succeed_json(command.arg("--calibrate").arg(RUN.data()).arg("--weights").arg(RUN.weights()));
    let answers = &int8["answers"];
    assert_eq!(answers["images"], 40, "{int8}");
    assert!(answers["correlation"].as_f64().expect("a number") > 0.95, "{int8}");
    assert!(length("int8.onnx") < length("half.onnx"));

    let mut command = effnet(folder.path());
    let text = succeed(command.args(["export", "plain.onnx", "--weights"]).arg(RUN.weights()));
    assert!(text.starts_with("plain.onnx: ") && text.contains(" nodes, ") && text.lines().count() == 1, "{text}");
}

#[test]
fn pictures_calibrate_in_whatever_folders_they_lie() {
    let folder = folder();
    let class = fs::read_dir(RUN.data()).expect("the data").next().expect("a class").expect("read").path();
    for (number, picture) in fs::read_dir(class).expect("a class").enumerate() {
        let place = folder.path().join(["flat", "flat/more"][number % 2]);
        fs::create_dir_all(&place).expect("made");
        fs::copy(picture.expect("read").path(), place.join(format!("{number}.png"))).expect("copied");
    }
    let export = |data: &str| {
        let mut command = effnet(folder.path());
        command.args(["export", "int8.onnx", "--precision", "int8", "--calibration-images", "5", "--check", "--json"]);
        command.args(["--calibrate", data, "--weights"]).arg(RUN.weights());
        command
    };
    let done = export("flat").output().expect("run");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.contains("calibrating on 5 images\n"), "{said}");
    assert!(said.contains("comparing with f32 on "), "{said}");
    fail(&mut export("none"), &["none"]);
    fs::create_dir(folder.path().join("empty")).expect("made");
    fail(&mut export("empty"), &["empty holds no image files: give a folder with JPEG, PNG, WebP, GIF or BMP files"]);
}

#[test]
fn what_cannot_be_exported_is_told() {
    let folder = folder();
    fail(
        effnet(folder.path()).args(["export", "small.onnx", "--weights", "none.safetensors"]),
        &["there is no weights file `none.safetensors`"],
    );
    let weights = folder.path().join("small.safetensors");
    fs::copy(RUN.weights(), &weights).expect("copied");
    let before = fs::read(&weights).expect("read");
    fail(
        effnet(folder.path()).args(["export", "small.safetensors", "--weights", "small.safetensors"]),
        &["small.safetensors does not end in .onnx"],
    );
    fs::rename(&weights, folder.path().join("small.onnx")).expect("renamed");
    fail(
        effnet(folder.path()).args(["export", "./small.onnx", "--weights", "small.onnx"]),
        &["./small.onnx is the weights file itself: name another to write"],
    );
    assert_eq!(fs::read(folder.path().join("small.onnx")).expect("read"), before);
    let mut command = effnet(folder.path());
    fail(
        command.args(["export", "none/small.onnx", "--weights"]).arg(RUN.weights()),
        &["cannot write `none/small.onnx`"],
    );
    let mut command = effnet(folder.path());
    misuse(command.args(["export", "small.onnx", "--size", "0", "--weights"]).arg(RUN.weights()), &["--size"]);
    let mut command = effnet(folder.path());
    misuse(
        command.args(["export", "small.onnx", "--precision", "int8", "--weights"]).arg(RUN.weights()),
        &["--precision int8 needs images like those that the network will see: --calibrate DATA"],
    );
    let mut command = effnet(folder.path());
    misuse(
        command.args(["export", "small.onnx", "--calibrate", "data", "--weights"]).arg(RUN.weights()),
        &["--calibrate is for --precision int8"],
    );
    let mut command = effnet(folder.path());
    command.args(["export", "small.onnx", "--variant", "b0", "--weights"]).arg(RUN.weights());
    fail(&mut command, &["do not fit EfficientNetV2B0"]);
}
