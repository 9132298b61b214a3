//! The command line, with one file for each command.

mod architecture;
mod bench;
mod calibration;
mod check;
mod convert;
mod device;
mod dialect;
mod eval;
mod eval_report;
mod export;
mod labels;
mod output;
mod predict;
mod progress;
mod runner;
mod search;
mod summary;
mod threads;
mod train;
mod weights;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use effnet_runtime::cli::{self, init_logging};
use effnet_runtime::collective::{self, Collective};
use effnet_runtime::environment;

/// EfficientNetV2: train it, measure it, use it
#[derive(Parser, Debug)]
#[command(name = "effnet", version, propagate_version = true, max_term_width = 100)]
struct Effnet {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one, for as long as the process")]
enum Command {
    Train(train::Train),
    Eval(eval::Eval),
    Predict(predict::Predict),
    Summary(summary::Summary),
    Bench(bench::Bench),
    Check(check::Check),
    Convert(convert::Convert),
    Export(export::Export),
    Search(search::Search),
}

/// The binary `train`: the command `train` on its own
#[derive(Parser, Debug)]
#[command(name = "train", version, max_term_width = 100)]
struct OnlyTrain {
    #[command(flatten)]
    train: train::Train,
}

/// The binary `effnet`.
pub fn effnet() -> ExitCode {
    let command = Effnet::parse().command;
    // What may be one of several ranks sets up its own logging, and checks the environment itself.
    if !matches!(command, Command::Train(_) | Command::Eval(_) | Command::Search(_)) {
        init_logging(0);
        if let Err(bad) = environment::check() {
            return finish(Err(bad.into()));
        }
    }
    finish(match command {
        Command::Train(command) => return train::exit(command),
        Command::Eval(command) => return eval::exit(command),
        Command::Predict(command) => command.run(),
        Command::Summary(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Convert(command) => command.run(),
        Command::Export(command) => command.run(),
        Command::Search(command) => return search::exit(command),
    })
}

/// The binary `train`.
pub fn train() -> ExitCode {
    train::exit(OnlyTrain::parse().train)
}

/// Runs a command with the other ranks of the group that a launcher has started this process in. Rank 0 speaks for all.
fn over_ranks(run: impl FnOnce(&dyn Collective) -> Result<()>) -> ExitCode {
    let joined = environment::check().map_err(anyhow::Error::from).and_then(|()| Ok(cli::join(0)?));
    let ranks = match joined {
        Ok(ranks) => ranks,
        Err(error) => return finish(Err(error)),
    };
    let done = run(ranks.as_ref());
    if let Err(error) = &done {
        ranks.abort(&format!("{error:#}"));
    }
    if ranks.rank() > 0 && !done.as_ref().is_err_and(is_rank_0_gone) {
        return done.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    finish(done)
}

/// Whether rank 0 cannot say what is wrong.
fn is_rank_0_gone(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(collective::Error::Dead { rank: 0, .. })))
}

/// Prints an error as one line on standard error, its causes after colons, and returns exit code 1. A usage error is
/// clap's, with code 2.
fn finish(result: Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    if let Some(usage) = error.downcast_ref::<clap::Error>() {
        usage.exit();
    }
    cli::error(error.as_ref());
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_do_not_contradict_each_other() {
        Effnet::command().debug_assert();
        OnlyTrain::command().debug_assert();
    }
}
