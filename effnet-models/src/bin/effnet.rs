//! The command line. `effnet --help` lists its commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    effnet_models::commands::effnet()
}
