//! The moving average of a network's weights and running statistics.

use std::collections::BTreeMap;

use candle_core::{Result, bail};

use super::optimizer::in_place;
use crate::params::Params;
use crate::threads;

/// Elements of one task.
const CHUNK: usize = 1 << 14;

/// An exponential moving average over everything that a network holds, by name.
///
/// Update `n`, from 1, keeps `min(decay, (1 + n) / (10 + n))` of the average, as TensorFlow's
/// `ExponentialMovingAverage(num_updates=n)`: a short run's average is not made of its random start.
#[derive(Clone, Debug, PartialEq)]
pub struct Ema {
    decay: f64,
    updates: u64,
    by_name: BTreeMap<String, Vec<f32>>,
}

impl Ema {
    /// An average that begins as what `params` holds.
    ///
    /// # Errors
    /// When candle fails.
    pub fn new(decay: f64, params: &Params) -> Result<Self> {
        let values = |(name, var): (String, candle_core::Var)| Ok((name, var.flatten_all()?.to_vec1()?));
        let by_name = params.all().into_iter().map(values).collect::<Result<_>>()?;
        Ok(Self { decay, updates: 0, by_name })
    }

    /// An average that `updates` updates have made, of the values that `take` gives for a name.
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
                Some(values) if values.len() == var.elem_count() => by_name.insert(name, values),
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
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[f32])> {
        self.by_name.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// Takes in what `params` holds now.
    ///
    /// # Errors
    /// When candle fails.
    pub fn update(&mut self, params: &Params) -> Result<()> {
        self.updates += 1;
        let n = self.updates as f64;
        let new = (1.0 - self.decay.min((1.0 + n) / (10.0 + n))) as f32;
        self.with_each(params, |average, value| *average += new * (*value - *average))
    }

    /// Exchanges what `params` holds and the averages: the network then is the averaged one, until the next call.
    ///
    /// # Errors
    /// When candle fails.
    pub fn swap(&mut self, params: &Params) -> Result<()> {
        self.with_each(params, std::mem::swap)
    }

    /// Calls `change` with every average and the value that it is of.
    fn with_each(&mut self, params: &Params, change: impl Fn(&mut f32, &mut f32) + Sync) -> Result<()> {
        for (name, var) in params.all() {
            let Some(averages) = self.by_name.get_mut(&name) else { bail!("there is no average of `{name}`") };
            in_place(&var, |values| {
                threads::current().for_each_chunk_pair(averages, CHUNK, values, CHUNK, |_, averages, values| {
                    averages.iter_mut().zip(values).for_each(|(average, value)| change(average, value));
                });
            })?;
        }
        Ok(())
    }
}
