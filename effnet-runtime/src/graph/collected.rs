//! Gradients on their way to their variables: the road that [`super`] draws.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, TensorId, Var};

/// Gradients by the tensors that they are of; several of one tensor are summed.
#[derive(Debug, Default)]
struct Sums(HashMap<TensorId, Tensor>);

impl Sums {
    fn add(&mut self, of: TensorId, gradient: Tensor) -> Result<()> {
        let sum = match self.0.remove(&of) {
            Some(before) => (before + gradient)?,
            None => gradient,
        };
        self.0.insert(of, sum);
        Ok(())
    }
}

/// The gradients that a node finds of its parameters. Those of collected variables go on at once.
#[derive(Debug, Default)]
pub(crate) struct Found {
    kept: Sums,
    collected: Option<(Collected, Uses)>,
}

/// How often variables are parameters: so many gradients of each are to come.
pub(super) type Uses = HashMap<TensorId, usize>;

impl Found {
    /// For a node of such variables.
    pub(super) fn of(collected: Option<&(Collected, Uses)>) -> Self {
        Self { kept: Sums::default(), collected: collected.cloned() }
    }

    /// Adds the gradient of a tensor.
    ///
    /// # Errors
    /// When candle fails.
    pub(crate) fn add(&mut self, of: TensorId, gradient: Tensor) -> Result<()> {
        if let Some((collected, uses)) = &mut self.collected
            && let Some(left) = uses.get_mut(&of)
        {
            *left = left.saturating_sub(1);
            return collected.add(of, gradient);
        }
        self.kept.add(of, gradient)
    }

    /// Takes the gradient of a tensor, if there is one.
    pub(crate) fn take(&mut self, of: TensorId) -> Option<Tensor> {
        self.kept.0.remove(&of)
    }

    /// Ends the node's way back, in which it had these variables.
    ///
    /// # Errors
    /// When it has left no gradient of one of them.
    pub(super) fn end(&mut self, node: &str) -> Result<()> {
        let Some((_, left)) = self.collected.take() else { return Ok(()) };
        match left.into_values().find(|left| *left > 0) {
            Some(_) => candle_core::bail!("node `{node}` left no gradient for a variable"),
            None => Ok(()),
        }
    }
}

/// Gradients of variables, left by nodes for a training step that asks for all of them. They bypass candle's store,
/// which adds each to fresh zeros: four passes over a weight's memory.
#[derive(Clone, Debug)]
pub struct Collected {
    /// The edge from a node whose variables' gradients are collected: one zero that tracks, through which candle gets
    /// to the node.
    pub(super) edge: Tensor,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    found: Sums,
    /// Gradients to come from the nodes recorded until now.
    uses: Uses,
    ready: Option<Ready>,
}

impl Debug for State {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("found", &self.found).field("uses", &self.uses).finish_non_exhaustive()
    }
}

/// Takes a variable's gradient as soon as all nodes have left theirs.
type Ready = Box<dyn FnMut(TensorId, Tensor) -> Result<()> + Send>;

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
        let collected = Self { edge, state: Arc::default() };
        let _outer = Outer(CURRENT.replace(Some(collected.clone())));
        Ok((f()?, collected))
    }

    /// Like [`Self::of`]; a gradient goes to `ready`, on the way back, as soon as no node that `f` has recorded has more
    /// to add to it. [`Self::take`] has what comes of a variable besides, from candle's own operations.
    ///
    /// # Errors
    /// When `f` fails, or the device does.
    pub fn flowing<R, E: From<candle_core::Error>>(
        device: &Device,
        ready: Ready,
        f: impl FnOnce() -> std::result::Result<R, E>,
    ) -> std::result::Result<(R, Self), E> {
        let (result, collected) = Self::of(device, f)?;
        collected.lock().ready = Some(ready);
        Ok((result, collected))
    }

    /// Where the nodes that are recorded now leave them, if there is such a place.
    pub(super) fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// A node has been recorded, which has variables so often among its parameters.
    pub(super) fn expect(&self, uses: &Uses) {
        let all = &mut self.lock().uses;
        uses.iter().for_each(|(variable, uses)| *all.entry(*variable).or_default() += uses);
    }

    /// Adds a gradient of a variable, and hands their sum on once no more is to come.
    fn add(&self, variable: TensorId, gradient: Tensor) -> Result<()> {
        let State { found, uses, ready } = &mut *self.lock();
        found.add(variable, gradient)?;
        let left = uses.entry(variable).or_default();
        *left = left.saturating_sub(1);
        if let (0, Some(ready)) = (*left, ready)
            && let Some(gradient) = found.0.remove(&variable)
        {
            ready(variable, gradient)?;
        }
        Ok(())
    }

    /// Takes a variable's gradient after the loss's backward pass: what nodes have left here, and what candle's own
    /// operations have left in its store.
    ///
    /// # Errors
    /// When candle fails.
    pub fn take(&self, variable: &Tensor, store: &mut GradStore) -> Result<Option<Tensor>> {
        match (store.remove(variable), self.lock().found.0.remove(&variable.id())) {
            (Some(of_graph), Some(gradient)) => Ok(Some((of_graph + gradient)?)),
            (of_graph, gradient) => Ok(of_graph.or(gradient)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
