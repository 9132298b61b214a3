//! Optimizers: one walk over the weights, and a rule that updates each.

mod adamw;
mod decay;
mod depth;
mod gradients;
mod memory;
mod rmsprop;
mod sgd;
#[cfg(test)]
mod tests;

use candle_core::{Result, bail};

pub use adamw::AdamW;
pub use decay::Decay;
pub use depth::DepthDecay;
pub use gradients::Gradients;
pub use memory::Memory;
pub use rmsprop::RmsProp;
pub use sgd::Sgd;

use crate::ops::update::{self, Target};
pub use crate::ops::update::{DeviceRule, Now, Rule, Slot, Values};
use crate::params::Params;

/// PyTorch's epsilon on a norm before it divides by it.
const NORM_EPS: f64 = 1e-6;

/// A rule with its memory of each weight.
pub struct Optimizer {
    rule: Box<dyn Rule>,
    decay: Decay,
    depth: DepthDecay,
    clip_norm: f64,
    memory: Memory,
}

impl Optimizer {
    /// An optimizer that has taken no step yet.
    pub fn new(rule: impl Rule + 'static, decay: Decay) -> Self {
        let memory = Memory::new(rule.slots());
        Self { rule: Box::new(rule), decay, depth: DepthDecay { factor: 1.0, blocks: 0 }, clip_norm: 0.0, memory }
    }

    /// Scales all gradients down together where their global norm exceeds `norm`, as PyTorch's `clip_grad_norm_` does;
    /// 0 for no limit.
    #[must_use]
    pub fn clipping(self, norm: f64) -> Self {
        Self { clip_norm: norm, ..self }
    }

    /// Lowers the rate of layers near the images.
    #[must_use]
    pub fn by_depth(self, depth: DepthDecay) -> Self {
        Self { depth, ..self }
    }

    /// Name of the rule.
    pub fn name(&self) -> &'static str {
        self.rule.name()
    }

    /// Its memory, for a checkpoint.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Updates every weight that has a gradient, in the order of names.
    ///
    /// # Errors
    /// When a gradient does not fit its weight, or candle fails.
    pub fn step(&mut self, params: &Params, gradients: &Gradients, rate: f64) -> Result<()> {
        self.step_if(params, gradients, rate, || Ok(true))
    }

    /// Updates the weights like [`Optimizer::step`] if `is_wanted` returns true. It is asked once all is prepared, so
    /// that a GPU that it waits for goes on at once.
    ///
    /// # Errors
    /// The errors of [`Optimizer::step`] and of `is_wanted`.
    pub(crate) fn step_if(
        &mut self,
        params: &Params,
        gradients: &Gradients,
        rate: f64,
        is_wanted: impl FnOnce() -> Result<bool>,
    ) -> Result<()> {
        let step = self.memory.steps + 1;
        let scale = if self.clip_norm > 0.0 { (self.clip_norm / (gradients.norm()? + NORM_EPS)).min(1.0) } else { 1.0 };
        let weights = params.weights();
        for (name, weight) in &weights {
            let Some(gradient) = gradients.get(name) else { continue };
            if gradient.dims() != weight.dims() {
                bail!("the gradient of `{name}` has shape {:?}, and the weight {:?}", gradient.dims(), weight.dims())
            }
            self.memory.begin(name, weight)?;
        }
        let mut slots = self.memory.slots_mut();
        let mut targets: Vec<Target<'_>> = Vec::new();
        for (name, weight) in &weights {
            let (Some(gradient), Some(slots)) = (gradients.get(name), slots.remove(name.as_str())) else { continue };
            let now = Now { step, rate: rate * self.depth.of(name), decay: self.decay.of(name, weight), scale };
            targets.push(Target { weight, gradient, slots, now });
        }
        if update::step(self.rule.as_ref(), &mut targets, is_wanted)? {
            self.memory.steps = step;
        }
        Ok(())
    }
}
