//! `effnet train`, and the binary `train`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use effnet_runtime::cli::{self, Model, TrainArgs};

use super::architecture::Architecture;
use super::finish;

/// Trains a network on a folder of images, or on the bundled handwritten digits
#[derive(Args, Debug)]
pub(super) struct Train {
    #[command(flatten)]
    architecture: Architecture,
    #[command(flatten)]
    args: TrainArgs,
}

/// Trains, and returns the process's exit code: the signal's, where a signal stopped the run.
pub(super) fn exit(command: Train) -> ExitCode {
    command.run().unwrap_or_else(|error| finish(Err(error)))
}

impl Train {
    fn run(self) -> Result<ExitCode> {
        let design = self.architecture.design()?;
        let build = |classes, builder: effnet_runtime::candle_nn::VarBuilder<'static>| design.build(classes, builder);
        let train = format!("{} {}", train_command(), self.architecture.flag());
        let model = Model { name: design.name(), build: &build, predict: predict_command(), train: &train };
        Ok(cli::train(&self.args, &model)?)
    }
}

/// The command to predict with.
fn predict_command() -> &'static str {
    typed([
        "cargo run --release -p effnet-models -- predict",
        "cargo run -p effnet-models -- predict",
        "effnet predict",
    ])
}

/// The command to train with.
fn train_command() -> &'static str {
    typed(["cargo run --release -p effnet-models -- train", "cargo run -p effnet-models -- train", "effnet train"])
}

/// Picks one of three commands: for a program that Cargo started from a checkout, as a release or not, and for an
/// installed one.
fn typed([release, debug, installed]: [&'static str; 3]) -> &'static str {
    match (std::env::var_os("CARGO_MANIFEST_DIR").is_some(), cfg!(debug_assertions)) {
        (true, false) => release,
        (true, true) => debug,
        (false, _) => installed,
    }
}
