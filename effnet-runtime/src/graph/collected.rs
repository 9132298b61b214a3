//! Gradients on their way to their variables: the road that [`super`] draws.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, TensorId, Var};

/// Gradients by the tensors that they are of; several of one tensor are summed.
#[derive(Debug, Default)]
pub(crate) struct Found(HashMap<TensorId, Tensor>);

impl Found {
    /// Adds the gradient of a tensor.
    ///
    /// # Errors
    /// When candle fails.
    pub(crate) fn add(&mut self, of: TensorId, gradient: Tensor) -> Result<()> {
        let sum = match self.0.remove(&of) {
            Some(before) => (before + gradient)?,
            None => gradient,
        };
        self.0.insert(of, sum);
        Ok(())
    }

    /// Takes the gradient of a tensor, if there is one.
    pub(crate) fn take(&mut self, of: TensorId) -> Option<Tensor> {
        self.0.remove(&of)
    }
}

/// Gradients of variables, left by nodes for a training step that asks for all of them. They bypass candle's store,
/// which adds each to fresh zeros: four passes over a weight's memory.
#[derive(Clone, Debug)]
pub struct Collected {
    /// The edge from a node whose variables' gradients are collected: one zero that tracks, through which candle gets
    /// to the node.
    pub(super) edge: Tensor,
    found: Arc<Mutex<Found>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Collected>> = const { RefCell::new(None) };
}

/// Restores the outer place when it is dropped.
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
    /// When `f` fails, or the device does.
    pub fn of<R, E: From<candle_core::Error>>(
        device: &Device,
        f: impl FnOnce() -> std::result::Result<R, E>,
    ) -> std::result::Result<(R, Self), E> {
        let edge = Var::zeros(1, DType::F32, device)?.into_inner();
        let collected = Self { edge, found: Arc::default() };
        let _outer = Outer(CURRENT.replace(Some(collected.clone())));
        Ok((f()?, collected))
    }

    /// Where the nodes that are recorded now leave them, if there is such a place.
    pub(super) fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Adds the gradient of a variable.
    ///
    /// # Errors
    /// When candle fails.
    pub(super) fn add(&self, variable: TensorId, gradient: Tensor) -> Result<()> {
        self.lock().add(variable, gradient)
    }

    /// Takes a variable's gradient after the loss's backward pass: what nodes have left here, and what candle's own
    /// operations have left in its store.
    ///
    /// # Errors
    /// When candle fails.
    pub fn take(&self, variable: &Tensor, store: &mut GradStore) -> Result<Option<Tensor>> {
        match (store.remove(variable), self.lock().take(variable.id())) {
            (Some(of_graph), Some(gradient)) => Ok(Some((of_graph + gradient)?)),
            (of_graph, gradient) => Ok(of_graph.or(gradient)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
