//! The moving average of a network's weights and running statistics.

use std::collections::BTreeMap;

use candle_core::{Result, Var, bail};

use crate::ops::update::{self, Average, Values};
use crate::params::Params;

/// An exponential moving average over everything that a network holds, by name.
///
/// Update `n`, from 1, keeps `min(decay, (1 + n) / (10 + n))` of the average, as TensorFlow's
/// `ExponentialMovingAverage(num_updates=n)` does, so that the random start fades early.
#[derive(Debug)]
pub struct Ema {
    decay: f64,
    updates: u64,
    by_name: BTreeMap<String, Values>,
}

impl Ema {
    /// An average that starts from the values of `params`.
    ///
    /// # Errors
    /// When candle fails.
    pub fn new(decay: f64, params: &Params) -> Result<Self> {
        let values = |(name, var): (String, Var)| Ok((name, Values::copy(&var)?));
        let by_name = params.all().into_iter().map(values).collect::<Result<_>>()?;
        Ok(Self { decay, updates: 0, by_name })
    }

    /// Restores an average after `updates` updates, with the values that `take` returns for a name.
    ///
    /// # Errors
    /// When the values do not fit `params`.
    pub fn restore(
        decay: f64,
        updates: u64,
        params: &Params,
        mut take: impl FnMut(&str) -> Option<Vec<f32>>,
    ) -> Result<Self> {
        let mut by_name = BTreeMap::new();
        for (name, var) in params.all() {
            match take(&name) {
                Some(values) if values.len() == var.elem_count() => by_name.insert(name, Values::of(&var, values)?),
                Some(values) => {
                    bail!("the average of `{name}` has {} elements, and not {}", values.len(), var.elem_count())
                }
                None => bail!("there is no average of `{name}`"),
            };
        }
        Ok(Self { decay, updates, by_name })
    }

    /// Updates taken.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Every average, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Values)> {
        self.by_name.iter().map(|(name, values)| (name.as_str(), values))
    }

    /// Updates the average with the values of `params`.
    ///
    /// # Errors
    /// When candle fails.
    pub fn update(&mut self, params: &Params) -> Result<()> {
        self.updates += 1;
        let n = self.updates as f64;
        let new = (1.0 - self.decay.min((1.0 + n) / (10.0 + n))) as f32;
        self.with_pairs(params, |pairs| update::average(pairs, new))
    }

    /// Swaps the values of `params` and the averages: the network is the averaged one until the next call.
    ///
    /// # Errors
    /// When candle fails.
    pub fn swap(&mut self, params: &Params) -> Result<()> {
        self.with_pairs(params, update::swap)
    }

    /// Calls `work` with every parameter and its average.
    fn with_pairs(&mut self, params: &Params, work: impl FnOnce(&mut [Average<'_>]) -> Result<()>) -> Result<()> {
        let parameters = params.all();
        let mut averages: BTreeMap<&str, &mut Values> =
            self.by_name.iter_mut().map(|(name, average)| (name.as_str(), average)).collect();
        let mut pairs = Vec::with_capacity(parameters.len());
        for (name, value) in &parameters {
            let Some(average) = averages.remove(name.as_str()) else { bail!("there is no average of `{name}`") };
            pairs.push(Average { value, average });
        }
        work(&mut pairs)
    }
}
