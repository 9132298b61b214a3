//! The gradients of one step, by the names of the weights.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor};

use super::CHUNK;
use crate::ops::cpu::view;
use crate::params::Params;
use crate::threads;

/// The gradient of every weight that the loss depends on, in the order of names.
#[derive(Debug)]
pub struct Gradients {
    by_name: BTreeMap<String, Tensor>,
}

impl Gradients {
    /// The gradients of `loss`, by the weights of `params`.
    ///
    /// # Errors
    /// When candle's backward pass fails.
    pub fn of(loss: &Tensor, params: &Params) -> Result<Self> {
        Self::from_store(loss.backward()?, params)
    }

    /// Those that candle's backward pass left in a store.
    ///
    /// # Errors
    /// When candle fails.
    pub fn from_store(mut store: GradStore, params: &Params) -> Result<Self> {
        let mut by_name = BTreeMap::new();
        for (name, weight) in params.weights() {
            if let Some(gradient) = store.remove(&weight) {
                by_name.insert(name, gradient.contiguous()?);
            }
        }
        Ok(Self { by_name })
    }

    /// The gradient of a weight; none where the loss does not depend on it.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.by_name.get(name)
    }

    /// All gradients, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.by_name.iter().map(|(name, gradient)| (name.as_str(), gradient))
    }

    /// The norm of all gradients together: the root of the sum of all squares.
    ///
    /// # Errors
    /// When candle fails.
    pub fn norm(&self) -> Result<f64> {
        let of_each = self.by_name.values().map(|gradient| Ok(squares(&view(gradient)?)));
        Ok(of_each.sum::<Result<f64>>()?.sqrt())
    }

    /// Adds the gradients of another part of the same batch.
    ///
    /// # Errors
    /// When candle fails.
    pub fn add(&mut self, other: Self) -> Result<()> {
        for (name, gradient) in other.by_name {
            let sum = match self.by_name.remove(&name) {
                Some(before) => (before + gradient)?,
                None => gradient,
            };
            self.by_name.insert(name, sum);
        }
        Ok(())
    }

    /// The first weight, in the order of names, whose gradient holds a NaN or an infinity.
    ///
    /// # Errors
    /// When candle fails.
    pub fn first_not_finite(&self) -> Result<Option<&str>> {
        for (name, gradient) in self.iter() {
            if !squares(&view(gradient)?).is_finite() {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }
}

/// Sum of squares: finite exactly where every value is, since an f64 holds the square of any f32. Summed by chunks of a
/// fixed length, so that threads change no bit.
fn squares(values: &[f32]) -> f64 {
    let mut sums = vec![0f64; values.len().div_ceil(CHUNK)];
    threads::current().for_each_chunk(&mut sums, 1, |at, sum| {
        // Eight sums side by side: one would wait for itself at every element.
        let mut lanes = [0f64; 8];
        for values in values[at * CHUNK..values.len().min((at + 1) * CHUNK)].chunks(lanes.len()) {
            lanes.iter_mut().zip(values).for_each(|(lane, value)| *lane += f64::from(*value).powi(2));
        }
        sum[0] = lanes.iter().sum();
    });
    sums.iter().sum()
}
