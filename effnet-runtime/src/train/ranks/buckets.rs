//! Gradients that are summed over the ranks while the way back goes on.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Device, Result as CandleResult, Shape, Tensor, TensorId};

use super::super::error::Result;
use super::super::optimizer::Gradients;
use crate::backend::view::view;
use crate::collective::{Collective, OnDevice, Pending, PendingTensors};
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
    /// Where the gradients are.
    device: Device,
    filling: Bucket,
    sent: Vec<(Vec<Key>, Sums)>,
}

#[derive(Default)]
struct Bucket {
    keys: Vec<Key>,
    /// Elements of all tensors.
    len: usize,
    /// In the host's memory, where it is summed there.
    values: Vec<f32>,
    shapes: Vec<Shape>,
    /// On a device that the ranks sum on.
    tensors: Vec<Tensor>,
}

/// The sums of a bucket.
enum Sums {
    Host(Vec<Shape>, Pending),
    Device(PendingTensors),
}

impl Sums {
    fn wait(self, device: &Device) -> Result<Vec<Tensor>> {
        let (shapes, pending) = match self {
            Self::Host(shapes, pending) => (shapes, pending),
            Self::Device(pending) => return Ok(pending.wait()?),
        };
        let values = pending.wait()?;
        let mut values = values.as_slice();
        let cut = |shape: Shape| {
            let (own, others) = values.split_at(shape.elem_count());
            values = others;
            Tensor::from_slice(own, shape, device)
        };
        Ok(shapes.into_iter().map(cut).collect::<CandleResult<_>>()?)
    }
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
        let (device, filling, sent) = (params.device().clone(), Bucket::default(), Vec::new());
        Self(Arc::new(Mutex::new(State { ranks, before, device, filling, sent })))
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
        state.send()?;
        let mut sums: HashMap<TensorId, Tensor> = HashMap::new();
        for (keys, pending) in std::mem::take(&mut state.sent) {
            for (key, sum) in keys.into_iter().zip(pending.wait(params.device())?) {
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
        let (tensor, bucket) = (tensor.detach(), &mut self.filling);
        bucket.keys.push(key);
        bucket.len += tensor.elem_count();
        if of_device(self.ranks.as_ref(), &self.device).is_some() {
            bucket.tensors.push(tensor.to_device(&self.device)?.to_dtype(DType::F32)?.contiguous()?);
        } else {
            let tensor = tensor.to_device(&Device::Cpu)?.contiguous()?;
            bucket.values.extend_from_slice(&view(&tensor)?);
            bucket.shapes.push(tensor.shape().clone());
        }
        if bucket.len >= VALUES { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> CandleResult<()> {
        let Bucket { keys, values, shapes, tensors, .. } = std::mem::take(&mut self.filling);
        if keys.is_empty() {
            return Ok(());
        }
        let sums = match of_device(self.ranks.as_ref(), &self.device) {
            Some(sums) => Sums::Device(sums.begin(tensors)?),
            None => Sums::Host(shapes, self.ranks.begin_sum(values)),
        };
        self.sent.push((keys, sums));
        Ok(())
    }
}

/// What sums gradients where they are.
fn of_device<'a>(ranks: &'a dyn Collective, device: &Device) -> Option<&'a dyn OnDevice> {
    ranks.on_device().filter(|sums| sums.device().same_device(device))
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
