//! The names of a checkpoint's tensors.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::Entry;

/// What TensorFlow 2 keeps of the objects around the variables: a text.
pub(super) const OBJECT_GRAPH: &str = "_CHECKPOINTABLE_OBJECT_GRAPH";

/// The end of a TensorFlow 2 variable's path.
const OBJECT: &str = "/.ATTRIBUTES/VARIABLE_VALUE";

/// The member behind which TensorFlow 2 keeps an optimizer's memory of a variable.
const SLOT: &str = "/.OPTIMIZER_SLOT/";

/// The moving average of TensorFlow 1's variable.
const AVERAGE: &str = "/ExponentialMovingAverage";

/// The prefix of moving averages among a file's names, as other programs have it.
const AVERAGES: &str = "ema/";

/// The tensors by their names, without an optimizer's memory. Moving averages are a network of their own, behind
/// [`AVERAGES`]; a variable without one is in it as it is.
pub(super) fn named(entries: BTreeMap<String, Entry>) -> BTreeMap<String, Entry> {
    // TensorFlow 1 names an optimizer's memory within the variable: `kernel/RMSProp`.
    let slots: BTreeSet<String> = entries.keys().filter(|name| is_slot(name, &entries)).cloned().collect();
    let has_averages = entries.keys().any(|name| name.ends_with(AVERAGE));
    let mut named = BTreeMap::new();
    for (name, entry) in entries.into_iter().filter(|(name, _)| !slots.contains(name)) {
        // A variable comes before its average in their order, which so takes its place.
        match name.strip_suffix(AVERAGE) {
            Some(variable) => drop(named.insert(format!("{AVERAGES}{}", canonical(variable)), entry)),
            None => {
                let name = canonical(&name);
                // Not a run's step, which belongs to no model.
                if has_averages && name.contains('/') {
                    named.insert(format!("{AVERAGES}{name}"), entry.clone());
                }
                named.insert(name, entry);
            }
        }
    }
    named
}

fn is_slot(name: &str, entries: &BTreeMap<String, Entry>) -> bool {
    let within = |(variable, slot): (&str, &str)| slot != &AVERAGE[1..] && entries.contains_key(variable);
    name.contains(SLOT) || name.rsplit_once('/').is_some_and(within)
}

/// A variable's name without what TensorFlow adds to all.
fn canonical(name: &str) -> String {
    let name = name.strip_suffix(OBJECT).unwrap_or(name);
    // automl opens the head's scope a second time for its classifier; TensorFlow 2 counts that.
    match name.rsplit_once("head_1/dense/") {
        Some((before, param)) if before.is_empty() || before.ends_with('/') => format!("{before}head/dense/{param}"),
        _ => name.to_owned(),
    }
}
