//! Weights files that do not fit.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use effnet_runtime::spec::{Operator, Row, Settings, Spec};
use effnet_runtime::{DynamicModel, Params, candle};

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

/// One of the files that PyTorch wrote of a tiny network.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../effnet-runtime/src/weights/fixtures").join(name)
}

/// The tiny network's table.
pub(crate) const TABLE: &str = "< [1, 3, 1, 1, 4, 4, fused, 0], [1, 3, 2, 2, 4, 8, mbconv, 0.25] >
    { num_features: 8, train_size: 32, eval_size: 32 }";

/// A command on the tiny network's weights; its table is in the folder.
fn on(folder: &Path, command: &str, weights: &str) -> Command {
    fs::write(folder.join("pytorch.table"), TABLE).expect("written");
    let mut effnet = effnet(folder);
    effnet.args([command, "--table", "pytorch.table", "--dialect", "torchvision"]);
    effnet.args([if command == "train" { "--pretrained" } else { "--weights" }]).arg(fixture(weights));
    effnet
}

#[test]
fn wrapped_weights_predict_as_plain_ones_and_what_is_left_out_is_said() {
    let folder = folder();
    let predict = |weights: &str| {
        let mut command = on(folder.path(), "predict", weights);
        let output = command.arg("--json").arg(RUN.image()).assert().success().get_output().clone();
        (String::from_utf8(output.stdout).expect("UTF-8"), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let (plain, nothing) = predict("plain.safetensors");
    assert!(plain.contains("probability") && nothing.contains("as for weights of torchvision\n"), "{plain}{nothing}");
    for (weights, says) in [
        ("protocol4.pth", None),
        ("compiled_parallel.pth", None),
        (
            "averaged.pth",
            Some(("1 tensor of `", "` is left out, as the network has no such parameter: `n_averaged`\n")),
        ),
    ] {
        let (predicted, said) = predict(weights);
        assert_eq!(predicted, plain, "{weights}");
        match says {
            None => assert_eq!(said.lines().count(), 1, "{weights}: {said}"),
            Some((count, names)) => assert!(said.contains(count) && said.ends_with(names), "{weights}: {said}"),
        }
    }
    let (averaged, said) = predict("lightning.ckpt");
    assert_ne!(averaged, plain);
    for part in [
        "has averaged weights beside plain ones: `state_dict.ema_model.…` are taken, and `state_dict.model.…` are not\n",
        "2 tensors of `",
        "`state_dict.criterion.weight`\n",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

/// Weights under names that tell the convention, without metadata: the table is nobody's, and so may the images be.
#[test]
fn what_is_assumed_of_images_is_said_once() {
    let folder = folder();
    let params = Params::new(0);
    let rows = [Row::new(1, 3, 1, 1, 4, 4, Operator::Fused, 0.0), Row::new(1, 3, 2, 2, 4, 8, Operator::MbConv, 0.25)];
    let settings = Settings { num_features: 8, ..Settings::DEFAULT };
    let spec = Spec { name: "Tiny".into(), rows: rows.to_vec().into(), settings };
    DynamicModel::from_spec(&spec, 3, params.builder()).expect("built");
    fs::write(folder.path().join("pytorch.table"), TABLE).expect("written");
    let tensors: HashMap<_, _> = params.all().into_iter().map(|(name, var)| (name, var.as_tensor().clone())).collect();
    candle::safetensors::save(&tensors, folder.path().join("foreign.safetensors")).expect("written");
    for (said, says) in [
        (&[][..], &["WARN", "mean 0.5, std 0.5", "as for weights of wzm; say another dialect"][..]),
        (&["--dialect", "wzm"], &["INFO", "mean 0.5, std 0.5", "as for weights of wzm\n"]),
        (
            &["--dialect", "wzm", "--mean", "0.1,0.2,0.3", "--crop", "0.9", "--fit", "squash"],
            &["mean [0.1, 0.2, 0.3], std 0.5", "crop 0.9 (`squash`)", "but for what was said"],
        ),
    ] {
        let mut command = effnet(folder.path());
        command.args(["predict", "--table", "pytorch.table", "--weights", "foreign.safetensors"]).args(said);
        let output = command.arg(RUN.image()).assert().success().get_output().clone();
        let text = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(says.iter().all(|part| text.contains(part)), "{text}");
    }
}

#[test]
fn names_that_tell_no_dialect_ask_for_the_flag() {
    let folder = folder();
    fs::write(folder.path().join("pytorch.table"), TABLE).expect("written");
    let mut command = effnet(folder.path());
    command.args(["predict", "--table", "pytorch.table", "--weights"]).arg(fixture("plain.safetensors"));
    let says =
        ["`timm-tf` for a `tf_*` model (`same` padding, epsilon 0.001, mean 0.5,", "`timm` for another (`symmetric`"];
    fail(command.arg(RUN.image()), &[says[0], says[1], "(`--dialect NAME`)"]);
}

#[test]
fn weights_that_are_no_numbers() {
    let folder = folder();
    let says = &["`blocks.1.0.bn1.running_var` in `", "nan.pth` has a value that is NaN or infinite"];
    fail(on(folder.path(), "predict", "nan.pth").arg(RUN.image()), says);
    fail(on(folder.path(), "eval", "nan.pth").arg("--data").arg(RUN.data()), says);
    let mut train = on(folder.path(), "train", "nan.pth");
    fail(train.args(["--epochs", "1", "--size", "32", "--output", "run", "--data"]).arg(RUN.data()), says);
    assert!(!folder.path().join("run/checkpoints").exists(), "a run has begun");
}

/// Under `RUST_BACKTRACE` as well, a message is one sentence.
#[test]
fn files_that_are_no_weights_of_one_network() {
    let folder = folder();
    for (weights, says) in [
        ("protocol6.pth", "it was saved with pickle protocol 6"),
        ("pair.pth", "holds several networks, under `left.`, `right.`"),
        ("no_stem.pth", "the nearest are timm's, and of those `conv_stem.weight` is missing"),
        ("whole_module.pth", "torch.save(model.state_dict(), path)"),
        ("pointer.safetensors", "a Git LFS pointer"),
        ("model.safetensors.index.json", "the index of a checkpoint in 4 shards"),
    ] {
        let mut command = on(folder.path(), "predict", weights);
        fail(command.env("RUST_BACKTRACE", "1").arg(RUN.image()), &[weights, says]);
    }
    fail(on(folder.path(), "predict", "nan.pth").env("RUST_BACKTRACE", "1").arg(RUN.image()), &["NaN or infinite"]);
}
