//! What an optimizer remembers from step to step.

use std::collections::BTreeMap;

use candle_core::{Result, bail};

use super::Slot;

use crate::params::Params;

/// The number of steps taken, and for each weight one value an element in every slot of the rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    pub(super) steps: u64,
    slots: &'static [Slot],
    by_name: BTreeMap<String, Vec<Vec<f32>>>,
}

impl Memory {
    /// Of no step yet.
    pub(super) fn new(slots: &'static [Slot]) -> Self {
        Self { steps: 0, slots, by_name: BTreeMap::new() }
    }

    /// Of `steps` steps, with the values that `take` gives for a slot and a weight; none for a weight that was never
    /// changed.
    ///
    /// # Errors
    /// When a weight lacks one of its slots, or has another size.
    pub(super) fn read(
        slots: &'static [Slot],
        steps: u64,
        params: &Params,
        mut take: impl FnMut(&str, &str) -> Option<Vec<f32>>,
    ) -> Result<Self> {
        let mut by_name = BTreeMap::new();
        for (name, weight) in params.weights() {
            let values: Vec<Vec<f32>> = slots.iter().filter_map(|slot| take(slot.name, &name)).collect();
            if values.is_empty() {
                continue;
            }
            if values.len() != slots.len() || values.iter().any(|values| values.len() != weight.elem_count()) {
                let names: Vec<&str> = slots.iter().map(|slot| slot.name).collect();
                bail!("the optimizer's memory of `{name}` does not fit: {} of {names:?} found", values.len())
            }
            by_name.insert(name, values);
        }
        Ok(Self { steps, slots, by_name })
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Every slot of every weight: the slot's name, the weight's, and the values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str, &[f32])> {
        self.by_name.iter().flat_map(|(name, values)| {
            self.slots.iter().zip(values).map(move |(slot, values)| (slot.name, name.as_str(), values.as_slice()))
        })
    }

    /// The slots of a weight of `elements` elements, at their start where they are new.
    pub(super) fn of(&mut self, name: &str, elements: usize) -> &mut [Vec<f32>] {
        let new = || self.slots.iter().map(|slot| vec![slot.start; elements]).collect();
        self.by_name.entry(name.to_owned()).or_insert_with(new)
    }
}
