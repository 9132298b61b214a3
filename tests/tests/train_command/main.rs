//! The `train` command from end to end: what it prints, writes, refuses, and how it ends.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

mod augmentation;
mod averaging;
mod data;
mod freezing;
mod loss;
mod optimizers_and_schedules;
mod recipes;
mod refusals;
mod resume;
mod run;
mod settings;
mod stages;
#[cfg(unix)]
mod stops;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A place of a test's own, which the command runs in.
struct Place(TempDir);

/// How a command ended.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// The command, to be started here.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_train_tiny"));
        command.current_dir(self.0.path()).args(args);
        command
    }

    /// Runs the command.
    fn run(&self, args: &[&str]) -> Ended {
        let Output { status, stdout, stderr } = self.command(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// Runs the command, which must succeed, and returns what it printed.
    fn succeeds(&self, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!(ended.code, Some(0), "{args:?}\n{}\n{}", ended.out, ended.err);
        ended.out
    }

    /// Runs the command, which must fail with exit code 1 and one line, and returns that line.
    fn fails(&self, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!(ended.code, Some(1), "{args:?}\n{}\n{}", ended.out, ended.err);
        let mut lines = ended.err.lines();
        let line = lines.next().unwrap_or_default();
        assert_eq!(lines.next(), None, "{args:?}: more than one line: {}", ended.err);
        line.strip_prefix("error: ").unwrap_or_else(|| panic!("no error in {line:?}")).to_owned()
    }
}

/// `metrics.csv` without its last column, the seconds.
fn metrics(run: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(run.join("metrics.csv")).unwrap();
    text.lines().map(|row| row.rsplit_once(',').unwrap().0.to_owned()).collect()
}
