//! A run's state in a file.
//!
//! A checkpoint is an ordinary weights file, so that `predict` needs nothing else: its metadata has names, labels,
//! size, mean and standard deviation. Training adds its [`State`] to the metadata, and the optimizer's memory as
//! tensors whose names begin with [`TRAINING_PREFIX`]. The bytes depend on the state alone.

use std::path::Path;

use candle_core::Tensor;

use super::ema::Ema;
use super::error::{Error, Result};
use super::optimizer::Optimizer;
use super::state::State;
use crate::network::Network;
use crate::weights::{self, Metadata, Purpose, TRAINING_PREFIX, WeightsFile};

/// Contents of a checkpoint.
#[derive(Clone, Copy)]
pub struct Contents<'a> {
    /// The network, with its weights and buffers.
    pub network: &'a dyn Network,
    /// The network's name.
    pub name: &'a str,
    /// Its classes' names.
    pub labels: &'a [String],
    /// The optimizer, with its memory.
    pub optimizer: &'a Optimizer,
    /// The moving average of weights and buffers, where there is one.
    pub ema: Option<&'a Ema>,
    /// How far the run has come.
    pub state: &'a State,
}

/// Writes a checkpoint atomically.
///
/// # Errors
/// When the file cannot be written.
pub fn save(path: &Path, contents: &Contents<'_>) -> Result<()> {
    let Contents { network, name, labels, optimizer, ema, state } = *contents;
    let mut metadata = Metadata::of(network, name, labels);
    metadata.training = Some(serde_json::to_value(state).map_err(candle_core::Error::wrap)?);
    let mut tensors = tensors_of(network);
    let memory = optimizer.memory().iter().map(|(slot, name, values)| (memory_name(slot, name), values));
    let averages = ema.into_iter().flat_map(Ema::iter).map(|(name, values)| (average_name(name), values));
    for (name, values) in memory.chain(averages) {
        tensors.push((name, values.tensor()?));
    }
    weights::save(path, tensors, &metadata).map_err(unwritten)
}

/// Writes the network alone, atomically. No run can resume from it.
///
/// # Errors
/// When the file cannot be written.
pub fn save_weights(path: &Path, network: &dyn Network, name: &str, labels: &[String]) -> Result<()> {
    weights::save(path, tensors_of(network), &Metadata::of(network, name, labels)).map_err(unwritten)
}

/// Turns a failure to write a file into the run folder's error, which says what to do.
fn unwritten(error: weights::Error) -> Error {
    match error {
        weights::Error::Unwritable { path, reason } => Error::folder("write", path)(reason),
        error => error.into(),
    }
}

fn tensors_of(network: &dyn Network) -> Vec<(String, Tensor)> {
    network.params().all().into_iter().map(|(name, var)| (name, var.as_detached_tensor())).collect()
}

/// Metadata of a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The network, its labels and its conventions.
    pub metadata: Metadata,
    /// How far the run has come.
    pub state: State,
}

/// Reads a checkpoint's metadata, without its tensors.
///
/// # Errors
/// When the file is not there, damaged, or no checkpoint.
pub fn read(file: &WeightsFile) -> Result<Saved> {
    let not_one =
        || Error::Setting(format!("`{}` holds weights, but no state of a run to continue", file.path().display()));
    let metadata = file.metadata().ok_or_else(not_one)?.clone();
    let training = metadata.training.clone().ok_or_else(not_one)?;
    let state = serde_json::from_value(training).map_err(|error| {
        Error::Setting(format!("the state of the run in `{}` cannot be read: {error}", file.path().display()))
    })?;
    Ok(Saved { metadata, state })
}

/// Loads a checkpoint's weights and buffers into a network and its memory into an optimizer. Returns the moving average
/// with `ema_decay`, if the run has one.
///
/// # Errors
/// When it belongs to another network or optimizer.
pub fn restore(
    file: &WeightsFile,
    state: &State,
    network: &dyn Network,
    optimizer: &mut Optimizer,
    ema_decay: f64,
) -> Result<Option<Ema>> {
    if state.optimizer != optimizer.name() {
        return Err(Error::Setting(format!(
            "`{}` was written with the optimizer {}, and the run's settings say {}",
            file.path().display(),
            state.optimizer,
            optimizer.name()
        )));
    }
    weights::load(file, network, Purpose::Restore)?;
    let mut failed = None;
    let mut values = |name: String| {
        file.info(&name)?;
        file.values(&name).map_err(|error| failed.get_or_insert(error)).ok()
    };
    let restored =
        optimizer.restore(network.params(), state.optimizer_steps, |slot, name| values(memory_name(slot, name)));
    let average = |updates| Ema::restore(ema_decay, updates, network.params(), |name| values(average_name(name)));
    let ema = restored.and_then(|()| state.ema_updates.map(average).transpose());
    // The reader's error says more than that the value is missing.
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(ema?),
    }
}

fn average_name(weight: &str) -> String {
    format!("{TRAINING_PREFIX}ema.{weight}")
}

fn memory_name(slot: &str, weight: &str) -> String {
    format!("{TRAINING_PREFIX}optimizer.{slot}.{weight}")
}
