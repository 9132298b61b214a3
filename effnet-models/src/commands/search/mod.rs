//! `effnet search`: which table is best here?

mod flags;
mod progress;
#[cfg(feature = "report")]
mod report;
mod run;
mod show;
mod workers;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::finish;

/// Searches for a network: trains many for a short time, and ranks them by accuracy, step time and parameters
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Search {
    #[command(subcommand)]
    then: Option<Then>,
    #[command(flatten)]
    run: run::Run,
}

/// What to do with a search that has run, or runs.
#[derive(Subcommand, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one, for as long as the process")]
enum Then {
    #[cfg(feature = "report")]
    Report(report::Report),
    Show(show::Show),
    Train(show::Train),
}

/// Runs the command, and returns the process's exit code: the signal's, where a signal stopped it.
pub(super) fn exit(command: Search) -> ExitCode {
    command.run().unwrap_or_else(|error| finish(Err(error)))
}

impl Search {
    fn run(self) -> Result<ExitCode> {
        match self.then {
            None => self.run.run(),
            #[cfg(feature = "report")]
            Some(Then::Report(report)) => report.run(),
            Some(Then::Show(show)) => show.run(),
            Some(Then::Train(train)) => train.run(),
        }
    }
}
