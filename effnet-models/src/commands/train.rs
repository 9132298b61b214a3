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

/// Trains, and returns the process's exit code: that of a signal where one stopped the run.
pub(super) fn exit(command: Train) -> ExitCode {
    command.run().unwrap_or_else(|error| finish(Err(error)))
}

impl Train {
    fn run(self) -> Result<ExitCode> {
        let design = self.architecture.design()?;
        let build = |classes, builder: effnet_runtime::candle_nn::VarBuilder<'static>| design.build(classes, builder);
        let model = Model { name: design.name(), build: &build, predict: predict_command() };
        Ok(cli::train(&self.args, &model)?)
    }
}

/// What to type for a prediction: the program was started by Cargo from a checkout, or is installed.
fn predict_command() -> &'static str {
    match (std::env::var_os("CARGO_MANIFEST_DIR").is_some(), cfg!(debug_assertions)) {
        (true, false) => "cargo run --release -p effnet-models -- predict",
        (true, true) => "cargo run -p effnet-models -- predict",
        (false, _) => "effnet predict",
    }
}
