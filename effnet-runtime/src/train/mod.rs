//! Training: optimizers, schedules, steps, checkpoints, run folders.
