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
        let train = format!("{} {}", typed("train"), self.architecture.flag());
        let model = Model { name: &design.name, build: &build, predict: &typed("predict"), train: &train };
        Ok(cli::train(&self.args, &model)?)
    }
}

/// A command as a user types it: through Cargo, as a release or not, where Cargo started this program from a checkout.
fn typed(command: &str) -> String {
    let program = match (std::env::var_os("CARGO_MANIFEST_DIR").is_some(), cfg!(debug_assertions)) {
        (true, false) => "cargo run --release -p effnet-models --",
        (true, true) => "cargo run -p effnet-models --",
        (false, _) => "effnet",
    };
    format!("{program} {command}")
}
