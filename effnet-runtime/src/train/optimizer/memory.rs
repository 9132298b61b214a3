//! The optimizer's memory from step to step.

use std::collections::BTreeMap;

use candle_core::{Result, Tensor, bail};

use super::{Optimizer, Slot, Values};
use crate::params::Params;

/// Number of steps taken and, for each weight, one value per element in every slot of the rule.
#[derive(Debug)]
pub struct Memory {
    pub(super) steps: u64,
    /// The values that the rule keeps for each element of a weight.
    pub(in crate::train) slots: &'static [Slot],
    by_name: BTreeMap<String, Vec<Values>>,
}

impl Optimizer {
    /// Resumes from a checkpoint: after `steps` steps, with the values that `take` returns for a slot and a weight; none
    /// for a weight that never changed.
    ///
    /// # Errors
    /// When a weight lacks one of the rule's slots, or has another size.
    pub fn restore(
        &mut self,
        params: &Params,
        steps: u64,
        mut take: impl FnMut(&str, &str) -> Option<Vec<f32>>,
    ) -> Result<()> {
        let (slots, mut by_name) = (self.memory.slots, BTreeMap::new());
        for (name, weight) in params.weights() {
            let values: Vec<Vec<f32>> = slots.iter().filter_map(|slot| take(slot.name, &name)).collect();
            if values.is_empty() {
                continue;
            }
            if values.len() != slots.len() || values.iter().any(|values| values.len() != weight.elem_count()) {
                let names: Vec<&str> = slots.iter().map(|slot| slot.name).collect();
                bail!("the optimizer's memory of `{name}` does not fit: {} of {names:?} found", values.len())
            }
            let values = values.into_iter().map(|values| Values::of(&weight, values)).collect::<Result<_>>()?;
            by_name.insert(name, values);
        }
        self.memory = Memory { steps, slots, by_name };
        Ok(())
    }
}

impl Memory {
    /// Memory before the first step.
    pub(super) fn new(slots: &'static [Slot]) -> Self {
        Self { steps: 0, slots, by_name: BTreeMap::new() }
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Every slot of every weight: slot name, weight name, values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str, &Values)> {
        self.by_name.iter().flat_map(|(name, values)| {
            self.slots.iter().zip(values).map(move |(slot, values)| (slot.name, name.as_str(), values))
        })
    }

    /// Adds the initial slots of a weight that has none.
    ///
    /// # Errors
    /// When the weight's device is out of memory.
    pub(super) fn begin(&mut self, name: &str, weight: &Tensor) -> Result<()> {
        if !self.by_name.contains_key(name) {
            let slots = self.slots.iter().map(|slot| Values::filled(weight, slot.start)).collect::<Result<_>>()?;
            self.by_name.insert(name.to_owned(), slots);
        }
        Ok(())
    }

    /// The slots of every weight that has any, by its name.
    pub(super) fn slots_mut(&mut self) -> BTreeMap<&str, &mut [Values]> {
        self.by_name.iter_mut().map(|(name, slots)| (name.as_str(), slots.as_mut_slice())).collect()
    }
}
