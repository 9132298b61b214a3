//! Training: optimizers, schedules, steps, checkpoints, run folders.
//!
//! [`step()`] takes one step. A [`Trainer`] takes a whole run, in a [`RunFolder`] and by a [`Config`], and a
//! [`Watcher`] follows it. The command line in [`crate::cli`] is a thin layer over these.

pub mod checkpoint;
pub mod config;
pub mod evaluate;
pub mod memory;
pub mod metrics;
pub mod optimizer;
pub mod schedule;

mod class_weights;
mod ema;
mod error;
#[cfg(feature = "report")]
mod events;
mod facts;
mod finite;
mod inputs;
mod ranks;
#[cfg(feature = "report")]
mod recorder;
#[cfg(feature = "report")]
mod report;
mod run_folder;
mod samples;
mod single;
mod stages;
mod state;
mod step;
mod trainer;
mod upload;
mod watch;

pub use config::Config;
pub use ema::Ema;
pub use error::{Error, Result};
pub use evaluate::{Evaluation, evaluate, evaluate_logits, evaluate_logits_over, evaluate_over};
pub use facts::Facts;
pub use inputs::{Build, build_network, eval_loader, open_data, spec_of, train_loader};
pub(crate) use inputs::{check_transforms, convention};
pub use ranks::{agree_on, hash_of_images, over_gpus};
pub use run_folder::RunFolder;
pub use samples::sample;
pub(crate) use single::check_batches;
pub use stages::{Stage, stage_of, stages, table};
pub use state::{Best, Position, State};
pub use step::{StepOptions, StepOutcome, step, step_over};
pub use trainer::{Ended, Trainer};
pub use watch::{EpochDone, StepDone, Watcher};

#[cfg(test)]
mod tests;
