//! Training: optimizers, schedules, steps, checkpoints, run folders.

pub mod optimizer;
pub mod schedule;
