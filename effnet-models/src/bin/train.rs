//! The command `train` on its own, which is all that the main job needs.

use std::process::ExitCode;

fn main() -> ExitCode {
    effnet_models::commands::train()
}
