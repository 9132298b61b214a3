//! Changes of all parameters: one after the other, in chunks of a fixed length over all threads.

use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor, bail};
use effnet_kernels::threads;

use super::{Cpu, view};
use crate::backend::update::{Average, Rule, Target, Update};

/// Elements of one task. The cut follows the shape, so that the number of threads changes no bit of a sum.
const CHUNK: usize = 1 << 14;

impl Update for Cpu {
    fn step(
        &self,
        rule: &dyn Rule,
        targets: &mut [Target<'_>],
        is_wanted: impl FnOnce() -> Result<bool>,
    ) -> Result<bool> {
        // All that can fail comes before the first weight changes.
        for target in &mut *targets {
            view(target.gradient)?;
            target.slots.iter_mut().try_for_each(|slot| slot.host().map(|_| ()))?;
        }
        let is_wanted = is_wanted()?;
        if is_wanted {
            targets.iter_mut().try_for_each(|target| step(rule, target))?;
        }
        Ok(is_wanted)
    }

    fn average(&self, pairs: &mut [Average<'_>], new: f32) -> Result<()> {
        let change = |average: &mut f32, value: &mut f32| *average += new * (*value - *average);
        pairs.iter_mut().try_for_each(|pair| with_average(pair, change))
    }

    fn swap(&self, pairs: &mut [Average<'_>]) -> Result<()> {
        pairs.iter_mut().try_for_each(|pair| with_average(pair, std::mem::swap))
    }

    fn squares(&self, tensors: &[&Tensor]) -> Result<Vec<f64>> {
        tensors.iter().map(|tensor| squares(tensor)).collect()
    }
}

/// A step of an optimizer.
fn step(rule: &dyn Rule, target: &mut Target<'_>) -> Result<()> {
    let gradient = view(target.gradient)?;
    let mut slots = target.slots.iter_mut().map(|slot| slot.host()).collect::<Result<Vec<_>>>()?;
    let factors = rule.factors(target.now);
    in_place(target.weight, |weights| update(rule, factors, weights, &gradient, &mut slots))
}

/// One chunk's share of a weight, its gradient and its slots.
type Task<'a> = (&'a mut [f32], &'a [f32], Vec<&'a mut [f32]>);

fn update(rule: &dyn Rule, factors: [f32; 8], weights: &mut [f32], gradients: &[f32], slots: &mut [&mut [f32]]) {
    let mut slots: Vec<_> = slots.iter_mut().map(|slot| slot.chunks_mut(CHUNK)).collect();
    let mut tasks: Vec<Task<'_>> = weights
        .chunks_mut(CHUNK)
        .zip(gradients.chunks(CHUNK))
        .map(|(weights, gradients)| (weights, gradients, slots.iter_mut().filter_map(Iterator::next).collect()))
        .collect();
    threads::current().for_each_chunk(&mut tasks, 1, |_, task| {
        let (weights, gradients, slots) = &mut task[0];
        rule.update(factors, weights, gradients, slots);
    });
}

/// Calls `change` with every value of a parameter's average and the parameter's own.
fn with_average(pair: &mut Average<'_>, change: impl Fn(&mut f32, &mut f32) + Sync) -> Result<()> {
    let averages = pair.average.host()?;
    in_place(pair.value, |values| {
        threads::current().for_each_chunk_pair(averages, CHUNK, values, CHUNK, |_, averages, values| {
            averages.iter_mut().zip(values).for_each(|(average, value)| change(average, value));
        });
    })
}

/// Sum of squares, in f64, which holds the square of any f32. Chunks have a fixed length, so that threads change no
/// bit.
fn squares(values: &Tensor) -> Result<f64> {
    let values = view(values)?;
    let mut sums = vec![0f64; values.len().div_ceil(CHUNK)];
    threads::current().for_each_chunk(&mut sums, 1, |at, sum| {
        // Eight sums side by side: one would wait for itself at every element.
        let mut lanes = [0f64; 8];
        for values in values[at * CHUNK..values.len().min((at + 1) * CHUNK)].chunks(lanes.len()) {
            lanes.iter_mut().zip(values).for_each(|(lane, value)| *lane += f64::from(*value).powi(2));
        }
        sum[0] = lanes.iter().sum();
    });
    Ok(sums.iter().sum())
}

/// Changes a parameter's elements where they lie.
fn in_place(parameter: &Tensor, change: impl FnMut(&mut [f32])) -> Result<()> {
    parameter.inplace_op1(&InPlace(RefCell::new(change)))
}

struct InPlace<F>(RefCell<F>);

impl<F: FnMut(&mut [f32])> InplaceOp1 for InPlace<F> {
    fn name(&self) -> &'static str {
        "update"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        match (storage, layout.contiguous_offsets()) {
            (CpuStorage::F32(values), Some((from, until))) => {
                (self.0.borrow_mut())(&mut values[from..until]);
                Ok(())
            }
            _ => bail!("an update changes contiguous f32 parameters only"),
        }
    }
}
