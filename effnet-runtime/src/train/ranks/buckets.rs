//! Gradients that are summed over the ranks while the way back goes on.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{Device, Result as CandleResult, Shape, Tensor, TensorId};

use super::super::error::Result;
use super::super::optimizer::Gradients;
use crate::backend::view::view;
use crate::collective::{Collective, Pending};
use crate::params::Params;
use crate::pass::{BatchStatistics, NormUpdates};

/// Values that a bucket has at least, but for the last: 4 MiB. A message of this size takes long beside what it costs to
/// send it, and a network has several.
const VALUES: usize = 1 << 20;

/// The sums under way. The ranks find their gradients in the same order, since they run the same nodes, and fill the same
/// buckets.
pub(in crate::train) struct Buckets(Arc<Mutex<State>>);

struct State {
    ranks: Arc<dyn Collective>,
    /// The gradients of the step's parts before the one that flows.
    before: HashMap<TensorId, Tensor>,
    filling: Bucket,
    sent: Vec<(Vec<(Key, Shape)>, Pending)>,
}

#[derive(Default)]
struct Bucket {
    values: Vec<f32>,
    places: Vec<(Key, Shape)>,
}

/// What a place of a bucket has.
enum Key {
    Gradient(TensorId),
    Mean(usize, String),
    Variance(usize, String),
}

impl Buckets {
    /// For the last of a step's parts; `before` has the gradients of the others.
    pub(in crate::train) fn new(ranks: Arc<dyn Collective>, before: Option<&Gradients>, params: &Params) -> Self {
        let weights = params.weights().into_iter();
        let before =
            before.map(|before| weights.filter_map(|(name, weight)| Some((weight.id(), before.get(&name)?.clone()))));
        let before = before.into_iter().flatten().collect();
        Self(Arc::new(Mutex::new(State { ranks, before, filling: Bucket::default(), sent: Vec::new() })))
    }

    /// What takes each gradient once it is whole.
    pub(in crate::train) fn ready(&self) -> Box<dyn FnMut(TensorId, Tensor) -> CandleResult<()> + Send> {
        let state = Arc::clone(&self.0);
        Box::new(move |variable, gradient| lock(&state).add_gradient(variable, gradient))
    }

    /// The sums of all gradients: of those that flowed, and of `rest`, which did not. The moments of each part are joined
    /// over the ranks in proportion to their images, `shares`, where they are not all ranks' already.
    ///
    /// # Errors
    /// When the group fails, or candle does.
    pub(in crate::train) fn finish(
        self,
        params: &Params,
        rest: &Gradients,
        norms: &[NormUpdates],
        shares: Option<&[f64]>,
    ) -> Result<Gradients> {
        let mut state = lock(&self.0);
        let weights = params.weights();
        for (name, weight) in &weights {
            if let Some(gradient) = rest.get(name) {
                state.add_gradient(weight.id(), gradient.clone())?;
            } else if let Some(before) = state.before.remove(&weight.id()) {
                // The last part's loss does not depend on this weight.
                state.add(Key::Gradient(weight.id()), &before)?;
            }
        }
        let mut moments: Vec<BTreeMap<String, BatchStatistics>> = Vec::new();
        for (part, share) in shares.into_iter().flatten().enumerate() {
            let of_part = norms[part].take();
            for (name, BatchStatistics { mean, variance, .. }) in &of_part {
                state.add(Key::Mean(part, name.clone()), &(mean * *share)?)?;
                state.add(Key::Variance(part, name.clone()), &(variance * *share)?)?;
            }
            moments.push(of_part);
        }
        state.send();
        let mut sums: HashMap<TensorId, Tensor> = HashMap::new();
        for (places, pending) in std::mem::take(&mut state.sent) {
            let values = pending.wait()?;
            let mut values = values.as_slice();
            for (key, shape) in places {
                let (own, others) = values.split_at(shape.elem_count());
                values = others;
                let sum = Tensor::from_slice(own, shape, params.device())?;
                match key {
                    Key::Gradient(variable) => {
                        let sum = match sums.remove(&variable) {
                            Some(other) => (other + sum)?,
                            None => sum,
                        };
                        sums.insert(variable, sum);
                    }
                    Key::Mean(part, name) => {
                        moments[part].get_mut(&name).into_iter().for_each(|own| own.mean = sum.clone());
                    }
                    Key::Variance(part, name) => {
                        moments[part].get_mut(&name).into_iter().for_each(|own| own.variance = sum.clone());
                    }
                }
            }
        }
        for (norms, moments) in norms.iter().zip(moments) {
            moments.into_iter().for_each(|(name, joined)| norms.record(&name, joined));
        }
        let by_name = weights.into_iter().filter_map(|(name, weight)| Some((name, sums.remove(&weight.id())?)));
        Ok(Gradients::from_tensors(by_name.collect()))
    }
}

impl State {
    fn add_gradient(&mut self, variable: TensorId, gradient: Tensor) -> CandleResult<()> {
        let gradient = match self.before.remove(&variable) {
            Some(before) => (before + gradient)?,
            None => gradient,
        };
        self.add(Key::Gradient(variable), &gradient)
    }

    fn add(&mut self, key: Key, tensor: &Tensor) -> CandleResult<()> {
        let tensor = tensor.detach().to_device(&Device::Cpu)?.contiguous()?;
        self.filling.values.extend_from_slice(&view(&tensor)?);
        self.filling.places.push((key, tensor.shape().clone()));
        if self.filling.values.len() >= VALUES {
            self.send();
        }
        Ok(())
    }

    fn send(&mut self) {
        let Bucket { values, places } = std::mem::take(&mut self.filling);
        if !places.is_empty() {
            self.sent.push((places, self.ranks.begin_sum(values)));
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
