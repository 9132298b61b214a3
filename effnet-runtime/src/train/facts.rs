//! State of a run at the end of an epoch.

use super::config::Config;
use super::evaluate::Evaluation;
use super::metrics::Metrics;
use super::run_folder::RunFolder;
use super::state::Best;
use crate::data::Split;
use crate::network::Network;

/// State of a run at the end of an epoch, for its events and its report.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The run's folder; its `metrics.csv` already has the epoch's row.
    pub folder: &'a RunFolder,
    /// The settings.
    pub config: &'a Config,
    /// Command that trains this network, up to the settings, such as `effnet train --variant s`. Where it is unknown,
    /// the report names the network instead.
    pub command: Option<&'a str>,
    /// The network.
    pub network: &'a dyn Network,
    /// The data set.
    pub split: &'a Split,
    /// The epoch's row.
    pub metrics: &'a Metrics,
    /// The epoch's evaluation.
    pub evaluation: &'a Evaluation,
    /// The best epoch so far; it may be this one.
    pub best: Best,
    /// Rate and image size of all steps.
    pub plan: Plan<'a>,
}

/// Learning rate and image size of a run's steps, future ones included. Steps count from 0.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// Steps of the whole run.
    pub steps: u64,
    /// The learning rate of a step.
    pub rate: &'a dyn Fn(u64) -> f64,
    /// Side in pixels of a step's training images.
    pub size: &'a dyn Fn(u64) -> usize,
}
