//! Gradients of variables that do not go through candle's graph.
//!
//! candle adds every gradient to a fresh tensor of zeros: for a weight these are four passes over as many numbers as it
//! has. Where a step asks for the gradients of all variables, nodes leave them here instead.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Device, Result, Tensor, TensorId, Var};

/// Where nodes leave the gradients of variables, for a training loop that asks for all of them.
///
/// Of a loss of [`Collected::of`], `loss.backward()` gives the gradients that candle's own operations found, and
/// [`Collected::take`] those of this crate's; a variable that both use has its gradient in parts.
#[derive(Clone, Debug)]
pub struct Collected {
    /// One element that tracks, through which candle finds the nodes.
    root: Tensor,
    by_variable: Arc<Mutex<HashMap<TensorId, Tensor>>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Collected>> = const { RefCell::new(None) };
}

/// Takes the place of another as the current one until it is dropped.
struct Outer(Option<Collected>);

impl Drop for Outer {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

impl Collected {
    /// Calls `f`; the nodes that it records on this thread leave the gradients of variables here on their way back.
    ///
    /// # Errors
    /// When `f` fails, or the device.
    pub fn of<R, E: From<candle_core::Error>>(
        device: &Device,
        f: impl FnOnce() -> std::result::Result<R, E>,
    ) -> std::result::Result<(R, Self), E> {
        let root = Var::zeros(1, DType::F32, device)?.into_inner();
        let collected = Self { root, by_variable: Arc::default() };
        let _outer = Outer(CURRENT.replace(Some(collected.clone())));
        Ok((f()?, collected))
    }

    /// Where the nodes that are recorded now leave them, if there is such a place.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// What a node's token is, so that candle gets to the node.
    pub(crate) fn root(&self) -> &Tensor {
        &self.root
    }

    /// Adds a variable's gradient to what is there.
    ///
    /// # Errors
    /// When candle fails.
    pub(crate) fn add(&self, variable: TensorId, gradient: Tensor) -> Result<()> {
        let mut all = self.lock();
        let sum = match all.remove(&variable) {
            Some(before) => (before + gradient)?,
            None => gradient,
        };
        all.insert(variable, sum);
        Ok(())
    }

    /// Takes a variable's gradient, if a node left one in the loss's backward pass.
    pub fn take(&self, variable: &Tensor) -> Option<Tensor> {
        self.lock().remove(&variable.id())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TensorId, Tensor>> {
        self.by_variable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
