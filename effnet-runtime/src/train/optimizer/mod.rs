//! Optimizers: one walk over the weights, and a rule that says what happens to each.

mod adamw;
mod decay;
mod gradients;
mod memory;
mod rmsprop;
mod sgd;
#[cfg(test)]
mod tests;

use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Var, bail};

pub use adamw::AdamW;
pub use decay::Decay;
pub use gradients::Gradients;
pub use memory::Memory;
pub use rmsprop::RmsProp;
pub use sgd::Sgd;

use crate::ops::cpu::view;
use crate::params::Params;
use crate::threads;

/// What one step of an optimizer does to the elements of one weight.
pub trait Rule: Send + Sync {
    /// Name in recipes and checkpoints.
    fn name(&self) -> &'static str;

    /// The values that the rule keeps for each element of a weight.
    fn slots(&self) -> &'static [Slot];

    /// Changes `weights` by `gradients`. `slots` are in the order of [`Rule::slots`]; all slices have one length.
    fn update(&self, now: Now, weights: &mut [f32], gradients: &[f32], slots: &mut [&mut [f32]]);
}

/// A value that a rule keeps for each element of a weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// Its name in checkpoints.
    pub name: &'static str,
    /// Its value before the first step.
    pub start: f32,
}

/// The circumstances of an update.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Number of the optimizer's step, from 1.
    pub step: u64,
    /// Learning rate.
    pub rate: f64,
    /// Weight decay of this weight.
    pub decay: f64,
    /// Factor on the gradients: 1, or less where their norm is clipped.
    pub scale: f64,
}

/// Elements of one task. A cut by shape, so that the number of threads changes no bit (it would not here, but the
/// gradient's norm is summed by the same cut).
const CHUNK: usize = 1 << 14;

/// What PyTorch adds to a norm that it divides by.
const NORM_EPS: f64 = 1e-6;

/// A rule, and what it remembers of each weight.
pub struct Optimizer {
    rule: Box<dyn Rule>,
    decay: Decay,
    clip_norm: f64,
    memory: Memory,
}

impl Optimizer {
    /// An optimizer that has taken no step yet.
    pub fn new(rule: impl Rule + 'static, decay: Decay) -> Self {
        let memory = Memory::new(rule.slots());
        Self { rule: Box::new(rule), decay, clip_norm: 0.0, memory }
    }

    /// The same optimizer, but that it scales all gradients down together where their norm exceeds `norm`, as PyTorch's
    /// `clip_grad_norm_` does; 0 for no limit.
    #[must_use]
    pub fn clipping(self, norm: f64) -> Self {
        Self { clip_norm: norm, ..self }
    }

    /// Name of the rule.
    pub fn name(&self) -> &'static str {
        self.rule.name()
    }

    /// What it remembers, for a checkpoint.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Goes on where a checkpoint stopped: after `steps` steps, with the values that `take` gives for a slot and a
    /// weight.
    ///
    /// # Errors
    /// When the values are not those of this rule, or do not fit the weights.
    pub fn restore(
        &mut self,
        params: &Params,
        steps: u64,
        take: impl FnMut(&str, &str) -> Option<Vec<f32>>,
    ) -> Result<()> {
        self.memory = Memory::read(self.rule.slots(), steps, params, take)?;
        Ok(())
    }

    /// Changes every weight that has a gradient, in the order of names.
    ///
    /// # Errors
    /// When a gradient does not fit its weight, or candle fails.
    pub fn step(&mut self, params: &Params, gradients: &Gradients, rate: f64) -> Result<()> {
        self.memory.steps += 1;
        let scale = if self.clip_norm > 0.0 { (self.clip_norm / (gradients.norm()? + NORM_EPS)).min(1.0) } else { 1.0 };
        for (name, weight) in params.weights() {
            let Some(gradient) = gradients.get(&name) else { continue };
            if gradient.dims() != weight.dims() {
                bail!("the gradient of `{name}` has shape {:?}, and the weight {:?}", gradient.dims(), weight.dims())
            }
            let now = Now { step: self.memory.steps, rate, decay: self.decay.of(&name, &weight), scale };
            let gradient = view(gradient)?;
            let slots = self.memory.of(&name, weight.elem_count());
            in_place(&weight, |weights| update(self.rule.as_ref(), now, weights, &gradient, slots))?;
        }
        Ok(())
    }
}

/// One chunk's share of a weight, its gradient and its slots.
type Task<'a> = (&'a mut [f32], &'a [f32], Vec<&'a mut [f32]>);

fn update(rule: &dyn Rule, now: Now, weights: &mut [f32], gradients: &[f32], slots: &mut [Vec<f32>]) {
    let mut slots: Vec<_> = slots.iter_mut().map(|slot| slot.chunks_mut(CHUNK)).collect();
    let mut tasks: Vec<Task<'_>> = weights
        .chunks_mut(CHUNK)
        .zip(gradients.chunks(CHUNK))
        .map(|(weights, gradients)| (weights, gradients, slots.iter_mut().filter_map(Iterator::next).collect()))
        .collect();
    threads::current().for_each_chunk(&mut tasks, 1, |_, task| {
        let (weights, gradients, slots) = &mut task[0];
        rule.update(now, weights, gradients, slots);
    });
}

/// Changes a variable's elements where they lie.
pub(super) fn in_place(var: &Var, change: impl FnMut(&mut [f32])) -> Result<()> {
    var.inplace_op1(&InPlace(RefCell::new(change)))
}

struct InPlace<F>(RefCell<F>);

impl<F: FnMut(&mut [f32])> InplaceOp1 for InPlace<F> {
    fn name(&self) -> &'static str {
        "optimizer-update"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        match (storage, layout.contiguous_offsets()) {
            (CpuStorage::F32(values), Some((from, until))) => {
                (self.0.borrow_mut())(&mut values[from..until]);
                Ok(())
            }
            _ => bail!("an optimizer changes contiguous f32 weights only"),
        }
    }
}
