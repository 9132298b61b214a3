//! The `train` command, for any network.
//!
//! A crate with a network of its own gets the whole command in one call:
//!
//! ```no_run
//! # use effnet_runtime::{candle::Result, candle_nn::VarBuilder, DynamicModel};
//! # struct MyNet;
//! # impl MyNet { fn new(_: usize, _: VarBuilder<'static>) -> Result<DynamicModel> { unimplemented!() } }
//! use std::process::ExitCode;
//!
//! fn main() -> ExitCode {
//!     effnet_runtime::cli::train_main(|classes, vb| MyNet::new(classes, vb))
//! }
//! ```

mod args;
mod begin;
mod flags;
mod logging;
mod model;
mod output;
mod progress;
mod settings;
mod signals;
mod train;

use std::process::ExitCode;

use candle_core::Result as CandleResult;
use candle_nn::VarBuilder;
use clap::Parser;

pub use args::{Style, TrainArgs};
pub use begin::{join, ready};
pub use logging::init as init_logging;
pub use model::Model;
pub use output::{error, error_text, line, warn};
pub use signals::Signals;
pub use train::train;

pub use crate::text::{many, read_text, shell};

use crate::network::Network;
use crate::train::spec_of;

/// Trains a network as the command line says, and returns the process's exit code.
///
/// `build` makes the network of a number of classes: `|classes, vb| MyNet::new(classes, vb)` for a type of
/// [`crate::efficientnet_v2!`].
pub fn train_main<N: Network + 'static>(build: impl Fn(usize, VarBuilder<'static>) -> CandleResult<N>) -> ExitCode {
    #[derive(Parser)]
    #[command(about = "Train the network on a folder of images, or on the bundled handwritten digits", version)]
    struct Command {
        #[command(flatten)]
        train: TrainArgs,
    }
    let Command { train: args } = Command::parse();
    let boxed = |classes, vb: VarBuilder<'static>| Ok(Box::new(build(classes, vb)?) as Box<dyn Network>);
    let trained = spec_of(&boxed).and_then(|spec| {
        let program = output::program();
        let model = Model { name: &spec.name, build: &boxed, predict: "effnet predict", train: &program };
        train(&args, &model)
    });
    trained.unwrap_or_else(|error| {
        output::error(&error);
        ExitCode::FAILURE
    })
}
