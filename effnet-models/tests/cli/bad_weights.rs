//! Weights files that do not fit.

use std::fs;

use crate::support::{RUN, effnet, fail, folder, misuse};

#[test]
fn a_missing_file() {
    let folder = folder();
    fail(
        effnet(folder.path()).args(["predict", "--weights", "none.safetensors"]).arg(RUN.image()),
        &["there is no weights file `none.safetensors`"],
    );
}

#[test]
fn a_file_of_another_architecture() {
    let folder = folder();
    let mut command = effnet(folder.path());
    command.args(["predict", "--variant", "b0", "--weights"]).arg(RUN.weights()).arg(RUN.image());
    fail(&mut command, &["do not fit EfficientNetV2B0", " missing (", " of wrong shape (", "in the file and"]);

    let fewer = "[1, 3, 1, 1, 8, 8, fused, 0], [1, 3, 2, 2, 8, 12, fused, 0]";
    fs::write(folder.path().join("fewer.table"), fewer).expect("written");
    let mut command = effnet(folder.path());
    command.args(["predict", "--table", "fewer.table", "--weights"]).arg(RUN.weights()).arg(RUN.image());
    fail(&mut command, &["do not fit fewer", " unexpected (`blocks.2."]);
}

#[test]
fn a_truncated_file() {
    let folder = folder();
    let whole = fs::read(RUN.weights()).expect("read");
    for length in [0, 4, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(folder.path().join("cut.safetensors"), &whole[..length]).expect("written");
        let mut command = effnet(folder.path());
        fail(command.args(["predict", "--weights", "cut.safetensors"]).arg(RUN.image()), &["cut.safetensors"]);
    }
}

#[test]
fn a_file_that_is_something_else() {
    let folder = folder();
    fail(
        effnet(folder.path()).args(["predict", "--weights", "tiny.table"]).arg(RUN.image()),
        &["`tiny.table` is not a weights file"],
    );
}

#[test]
fn an_image_that_is_none() {
    let folder = folder();
    let mut command = effnet(folder.path());
    fail(command.args(["predict", "tiny.table", "--weights"]).arg(RUN.weights()), &["tiny.table"]);
    let mut command = effnet(folder.path());
    fail(command.args(["predict", "none.png", "--weights"]).arg(RUN.weights()), &["cannot read none.png"]);
}

#[test]
fn classes_of_another_data_set() {
    let folder = folder();
    crate::support::write_digits(&folder.path().join("data"), 5, 4);
    let mut command = effnet(folder.path());
    fail(
        command.args(["eval", "--data", "data", "--weights"]).arg(RUN.weights()),
        &["class 3 and 1 more is not among the 3 that the weights were trained on"],
    );
}

#[test]
fn an_unknown_dialect() {
    let folder = folder();
    misuse(
        effnet(folder.path()).args(["predict", "--weights", "x", "--dialect", "jax", "y.png"]),
        &["there is no dialect `jax`"],
    );
}
