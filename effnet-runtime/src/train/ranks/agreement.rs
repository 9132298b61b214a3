//! What all ranks must have in common: checked before the first step.

use std::hash::{DefaultHasher, Hash, Hasher};

use candle_core::{Device, Tensor};
use effnet_kernels::simd::Level;

use super::super::config::Config;
use super::super::error::{Error, Result};
use super::super::facts::Facts;
use crate::backend::view::view;
use crate::collective::Collective;
use crate::data::Source;
use crate::network::Network;

/// Settings by which ranks may differ: each machine has its own.
const OWN: &str = "compute";

/// Checks that all ranks train the same network by the same settings on the same data from the same state.
///
/// # Errors
/// When one differs from rank 0; the error names what differs. When the group fails.
pub(in crate::train) fn agree(ranks: &dyn Collective, facts: &Facts) -> Result<()> {
    if ranks.size() == 1 {
        return Ok(());
    }
    agree_on(ranks, &known(facts)?)
}

/// Checks that all ranks have the same weights and buffers, to the bit, after an epoch.
///
/// # Errors
/// When a rank's differ from those of rank 0, or the group fails.
pub(in crate::train) fn agree_on_weights(ranks: &dyn Collective, network: &dyn Network) -> Result<()> {
    if ranks.size() == 1 {
        return Ok(());
    }
    agree_on(ranks, &[("weights that hash to".to_owned(), weights(network)?)])
}

/// Checks that all ranks know the same, each fact a name and a value.
///
/// # Errors
/// When a rank's differ from those of rank 0: the error names the first. When the group fails.
pub fn agree_on(ranks: &dyn Collective, own: &[(String, String)]) -> Result<()> {
    let text = serde_json::to_vec(own).map_err(candle_core::Error::wrap)?;
    let all = ranks.gather(text)?;
    let read = |bytes: &[u8]| serde_json::from_slice::<Vec<(String, String)>>(bytes).unwrap_or_default();
    let first = read(&all[0]);
    for (rank, other) in all.iter().enumerate().skip(1) {
        let other = read(other);
        let found = |facts: &[(String, String)], name: &str| facts.iter().find(|(known, _)| known == name).cloned();
        let names = first.iter().chain(&other).map(|(name, _)| name);
        for name in names {
            let [here, there] =
                [&first, &other].map(|facts| found(facts, name).map_or("none".to_owned(), |fact| fact.1));
            if here != there {
                return Err(Error::Setting(format!(
                    "rank {rank} has {name} {there}, and rank 0 has {here}: start all ranks with the same program, command, \
                     environment and data"
                )));
            }
        }
    }
    Ok(())
}

/// What this rank knows of the run.
fn known(Facts { config, split, network, state, .. }: &Facts) -> Result<Vec<(String, String)>> {
    let mut known: Vec<(String, String)> = vec![("version".into(), env!("CARGO_PKG_VERSION").into())];
    settings(config, &mut known)?;
    let spec = serde_json::to_string(network.spec()).map_err(candle_core::Error::wrap)?;
    known.push(("a table".into(), spec));
    for (part, source) in [("training", &split.train), ("validation", &split.val)] {
        known.push((format!("{part} images"), source.len().to_string()));
        known.push((format!("classes of {part} images"), source.classes().join(", ")));
        known.push((format!("names and labels of {part} images that hash to"), images(source.as_ref())));
    }
    // The same kernels, and with them the same roundings.
    let device = match network.params().device() {
        Device::Cpu => Level::current().name().to_owned(),
        device => crate::device::name(device),
    };
    known.push(("kernels for".into(), device));
    known.push(("a state".into(), serde_json::to_string(state).map_err(candle_core::Error::wrap)?));
    known.push(("weights that hash to".into(), weights(network.as_ref())?));
    Ok(known)
}

/// Every setting by its key, but for those of the machine.
fn settings(config: &Config, known: &mut Vec<(String, String)>) -> Result<()> {
    let text = toml::Table::try_from(config).map_err(|error| Error::Setting(format!("the settings: {error}")))?;
    let mut tables = vec![(String::new(), text)];
    while let Some((prefix, table)) = tables.pop() {
        for (key, value) in table {
            match value {
                toml::Value::Table(_) if key == OWN => {}
                toml::Value::Table(below) => tables.push((format!("{prefix}{key}."), below)),
                value => known.push((format!("{prefix}{key} ="), value.to_string())),
            }
        }
    }
    Ok(())
}

/// A hash of the names and labels of all images, in their order.
pub fn images(source: &dyn Source) -> String {
    let mut hasher = DefaultHasher::new();
    for index in 0..source.len() {
        (source.label(index), source.name(index)).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

fn weights(network: &dyn Network) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for (name, var) in network.params().all() {
        let values: Tensor = var.as_detached_tensor().to_device(&Device::Cpu)?.contiguous()?;
        name.hash(&mut hasher);
        view(&values)?.iter().for_each(|value| value.to_bits().hash(&mut hasher));
    }
    Ok(format!("{:016x}", hasher.finish()))
}
