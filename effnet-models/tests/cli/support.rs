//! A tiny network, small data sets, and runs of the binary.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Output, Stdio};
use std::sync::LazyLock;

use assert_cmd::Command;
use effnet_runtime::data;
use serde_json::Value;
use tempfile::TempDir;

/// A table that trains in seconds.
pub(crate) const TABLE: &str = "
    [1, 3, 1, 1, 8,  8, fused,  0],
    [1, 3, 2, 2, 8, 12, fused,  0],
    [1, 3, 2, 2, 12, 16, mbconv, 0.25],
";

/// The binary `effnet`, in a folder.
pub(crate) fn effnet(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_effnet"));
    command.current_dir(folder).env_remove("RUST_LOG").env_remove("CARGO_MANIFEST_DIR");
    command
}

/// The binary `train`, in a folder.
pub(crate) fn train(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.current_dir(folder).env_remove("RUST_LOG").env_remove("CARGO_MANIFEST_DIR");
    command
}

/// Starts a command as each rank of a group, as torchrun would.
pub(crate) fn start_ranks(size: usize, command: impl Fn() -> process::Command) -> Vec<Child> {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
    let start = |rank: usize| {
        let mut command = command();
        command.envs([("MASTER_ADDR", "localhost"), ("MASTER_PORT", &port.to_string())]);
        command.envs([("RANK", rank.to_string()), ("WORLD_SIZE", size.to_string())]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started")
    };
    (0..size).map(start).collect()
}

/// Runs to success; standard output.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.assert().success().get_output().clone();
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Runs to success; standard output as one JSON value.
pub(crate) fn succeed_json(command: &mut Command) -> Value {
    let text = succeed(command);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// Runs to failure: exit code 1, and on standard error, as its last line, one sentence that contains all `parts`.
pub(crate) fn fail(command: &mut Command, parts: &[&str]) {
    let output = command.assert().code(1).get_output().clone();
    let errors = stderr(&output);
    let last = errors.trim_end().lines().last().unwrap_or_default();
    assert!(last.starts_with("error: "), "the last line is no error: {errors}");
    assert_eq!(errors.matches("error: ").count(), 1, "one error, once: {errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    for part in parts {
        assert!(last.contains(part), "`{part}` is not in: {last}");
    }
}

/// Runs to a usage error: exit code 2, standard error contains all `parts`.
pub(crate) fn misuse(command: &mut Command, parts: &[&str]) {
    let output = command.assert().code(2).get_output().clone();
    let errors = stderr(&output);
    for part in parts {
        assert!(errors.contains(part), "`{part}` is not in: {errors}");
    }
}

/// A fresh folder with the tiny table in `tiny.table`.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("tiny.table"), TABLE).expect("written");
    folder
}

/// Writes `images` of each of `classes` of the bundled digits to `place/<class>/<n>.png`.
pub(crate) fn write_digits(place: &Path, classes: usize, images: usize) {
    let source = data::digits().expect("bundled").train;
    let mut counts = vec![0; classes];
    for sample in 0..source.len() {
        let label = source.label(sample);
        if label < classes && counts[label] < images {
            let class = place.join(&source.classes()[label]);
            std::fs::create_dir_all(&class).expect("created");
            let bytes = source.read(sample).expect("read");
            std::fs::write(class.join(format!("{}.png", counts[label])), bytes).expect("written");
            counts[label] += 1;
        }
    }
}

/// A finished run of one short epoch on a few digits, made once.
pub(crate) struct Run {
    folder: TempDir,
}

impl Run {
    /// The weights that it wrote.
    pub(crate) fn weights(&self) -> PathBuf {
        self.output().join("checkpoints/best.safetensors")
    }

    /// Its run folder.
    pub(crate) fn output(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// Its data set: three classes.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of its images.
    pub(crate) fn image(&self) -> PathBuf {
        self.data().join("1/0.png")
    }
}

/// That run.
pub(crate) static RUN: LazyLock<Run> = LazyLock::new(|| {
    let folder = folder();
    write_digits(&folder.path().join("data"), 3, 20);
    let mut command = effnet(folder.path());
    command.args(["train", "--table", "tiny.table", "--data", "data", "--epochs", "4", "--batch", "8", "--size", "32"]);
    succeed(command.args(["--output", "run"]));
    Run { folder }
});
