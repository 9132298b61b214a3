//! Rules of optimizers: the change that one step makes to the elements of a weight.

/// The change that one step of an optimizer makes to the elements of one weight.
pub trait Rule: Send + Sync {
    /// Name in recipes and checkpoints.
    fn name(&self) -> &'static str;

    /// The values that the rule keeps for each element of a weight.
    fn slots(&self) -> &'static [Slot];

    /// Numbers that a step calculates with, in the order of the rule's kernel.
    fn factors(&self, now: Now) -> [f32; 8];

    /// Changes `weights` by `gradients`. `slots` are in the order of [`Rule::slots`]; all slices have one length.
    fn update(&self, factors: [f32; 8], weights: &mut [f32], gradients: &[f32], slots: &mut [&mut [f32]]);

    /// The kernel that does the same on CUDA; none for a rule that only the CPU has.
    fn kernel(&self) -> Option<DeviceRule> {
        None
    }
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

/// The rules that have kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceRule {
    /// [`crate::train::optimizer::Sgd`]
    Sgd,
    /// [`crate::train::optimizer::AdamW`]
    AdamW,
    /// [`crate::train::optimizer::RmsProp`]
    RmsProp,
}
