//! The gradients of one step, by the weights' names.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use candle_core::{Result, Tensor};

use crate::graph::Collected;
use crate::ops::update;
use crate::params::Params;

/// The gradient of every weight that the loss depends on, in the order of names.
#[derive(Debug)]
pub struct Gradients {
    by_name: BTreeMap<String, Tensor>,
    /// Each gradient's sum of squares, cached at the first request.
    squares: OnceLock<Vec<f64>>,
}

impl Gradients {
    /// Differentiates `loss` by the weights of `params`.
    ///
    /// # Errors
    /// When candle's backward pass fails.
    pub fn of(loss: &Tensor, params: &Params) -> Result<Self> {
        let mut store = loss.backward()?;
        Self::gather(params, |weight| Ok(store.remove(weight)))
    }

    /// Differentiates a loss whose nodes kept the gradients of variables out of candle's store.
    pub(crate) fn with_collected(loss: &Tensor, params: &Params, collected: &Collected) -> Result<Self> {
        let mut store = loss.backward()?;
        Self::gather(params, |weight| collected.take(weight, &mut store))
    }

    fn gather(params: &Params, mut take: impl FnMut(&Tensor) -> Result<Option<Tensor>>) -> Result<Self> {
        let mut by_name = BTreeMap::new();
        for (name, weight) in params.weights() {
            if let Some(gradient) = take(&weight)? {
                by_name.insert(name, gradient.contiguous()?);
            }
        }
        Ok(Self::from_tensors(by_name))
    }

    /// Gradients by the names of their weights, contiguous.
    pub(in crate::train) fn from_tensors(by_name: BTreeMap<String, Tensor>) -> Self {
        Self { by_name, squares: OnceLock::new() }
    }

    /// The gradient of a weight; none if the loss does not depend on it.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.by_name.get(name)
    }

    /// All gradients, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.by_name.iter().map(|(name, gradient)| (name.as_str(), gradient))
    }

    /// Global norm: the root of the sum of all squares.
    ///
    /// # Errors
    /// When candle fails.
    pub fn norm(&self) -> Result<f64> {
        Ok(self.squares()?.iter().sum::<f64>().sqrt())
    }

    fn squares(&self) -> Result<&[f64]> {
        if let Some(squares) = self.squares.get() {
            return Ok(squares);
        }
        let squares = update::squares(&self.by_name.values().collect::<Vec<_>>())?;
        Ok(self.squares.get_or_init(|| squares))
    }

    /// Adds the gradients of another part of the same batch.
    ///
    /// # Errors
    /// When candle fails.
    pub fn add(&mut self, other: Self) -> Result<()> {
        self.squares = OnceLock::new();
        for (name, gradient) in other.by_name {
            let sum = match self.by_name.remove(&name) {
                Some(before) => (before + gradient)?,
                None => gradient,
            };
            self.by_name.insert(name, sum);
        }
        Ok(())
    }

    /// The first weight, by name, whose gradient holds a NaN or an infinity.
    ///
    /// # Errors
    /// When candle fails.
    pub fn first_not_finite(&self) -> Result<Option<&str>> {
        let squares = self.squares()?;
        let first = self.by_name.keys().zip(squares).find(|(_, squares)| !squares.is_finite());
        Ok(first.map(|(name, _)| name.as_str()))
    }
}
