//! What a search has found: a trial's table, and a training of it in full.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};
use effnet_runtime::candle_nn::VarBuilder;
use effnet_runtime::cli::{self, Model, TrainArgs, many, shell};
use effnet_runtime::search::{SearchFolder, Trial, macro_source, trial_name, winner};
use effnet_runtime::spec::{Spec, grammar, thousands};
use effnet_runtime::train::config::Layer;
use effnet_runtime::{DynamicModel, Network};

use crate::commands::output;

/// The search.
#[derive(Args, Debug)]
pub(super) struct Of {
    /// Folder of the search [default: the latest of `runs/search-<n>`]
    #[arg(long, value_name = "DIR")]
    search: Option<PathBuf>,
}

/// A trial of it.
#[derive(Args, Debug)]
struct Which {
    /// The trial's number, or best
    #[arg(value_name = "N")]
    trial: String,
    #[command(flatten)]
    of: Of,
}

/// Prints the table of a trial
#[derive(Args, Debug)]
pub(super) struct Show {
    #[command(flatten)]
    which: Which,
    /// Form of the table
    #[arg(long = "as", value_enum, default_value_t = Form::Macro)]
    form: Form,
}

/// Trains a trial's network in full, as `effnet train --table` does
#[derive(Args, Debug)]
pub(super) struct Train {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    args: TrainArgs,
}

/// A form of a table.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// Source code: efficientnet_v2! with the table
    Macro,
    /// The table alone, a file for --table
    Rows,
    /// The table as TOML
    Toml,
    /// Rows in automl's notation, one a line
    Automl,
}

/// A trial that was found.
struct Found {
    folder: SearchFolder,
    trial: Trial,
    spec: Spec,
}

impl Of {
    pub(super) fn folder(&self) -> Result<SearchFolder> {
        Ok(match &self.search {
            Some(path) => SearchFolder::open(path)?,
            None => SearchFolder::latest()?,
        })
    }
}

impl Which {
    fn find(&self) -> Result<Found> {
        let folder = self.of.folder()?;
        let trials = folder.ledger().trials()?;
        let path = folder.path().display();
        let trial = match self.trial.as_str() {
            "best" => {
                winner(&trials).ok_or_else(|| anyhow!("no trial of the search in {path} has been trained yet"))?
            }
            number => {
                let number: u64 =
                    number.parse().map_err(|_| anyhow!("`{number}` is no trial: say a number, or best"))?;
                trials.get(number as usize).ok_or_else(|| {
                    anyhow!("the search in {path} has no trial {number}: it has {} so far, from 0", trials.len())
                })?
            }
        };
        let table = &folder.ledger().tables()?[trial.number as usize];
        let spec = grammar::parse_table(&trial_name(trial.number), table)
            .map_err(|mistakes| anyhow!("the table of trial {} in {path} is damaged: {}", trial.number, mistakes[0]))?;
        let trial = trial.clone();
        Ok(Found { folder, trial, spec })
    }
}

impl Show {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Found { folder, trial, spec } = self.which.find()?;
        let text = match self.form {
            Form::Macro => macro_source(&spec, &about(&folder, &trial)),
            Form::Rows => spec.to_string(),
            Form::Toml => toml::to_string(&spec)?,
            Form::Automl => {
                let rows = spec.rows().iter().map(|row| row.to_block_string());
                let Some(rows) = rows.collect::<Option<Vec<_>>>() else {
                    bail!("a row of trial {} has an option that automl's notation does not know", trial.number);
                };
                rows.join("\n")
            }
        };
        output::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What is known of a trial, as a sentence.
fn about(folder: &SearchFolder, trial: &Trial) -> String {
    let of = format!("Trial {} of the search in {}", trial.number, folder.path().display());
    let Some(outcome) = trial.outcome() else { return format!("{of}.") };
    let (accuracy, params) = (100.0 * outcome.accuracy, thousands(outcome.params));
    let epochs = many(trial.proposal.epochs, "epoch");
    format!("{of}: {accuracy:.2} % after {epochs}, {params} parameters, time {:.2}.", outcome.time)
}

impl Train {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Found { folder, trial, spec } = self.which.find()?;
        let build = |classes, vb: VarBuilder<'static>| {
            Ok(Box::new(DynamicModel::from_spec(&spec, classes, vb)?) as Box<dyn Network>)
        };
        let train = format!("effnet search train {} --search {}", trial.number, shell(folder.path()));
        let model = Model { name: &spec.name, build: &build, predict: "effnet predict", train: &train };
        let mut data = Layer::empty("the search");
        if let Some(path) = folder.settings()?.run.data.path {
            data.set("data.path", path.display().to_string());
        }
        Ok(cli::train(&self.args.over_recipe(data), &model)?)
    }
}
