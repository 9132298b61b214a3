//! Peak memory of a run: predicted and measured.

use effnet_spec::{Size, Spec};

use super::config::Config;
use super::stages::{Stage, stages};

/// Floats that a training step holds at its peak per activation counted by [`Spec::cost`]: a convolution's output, and
/// its share of maps between blocks, gradients and temporary buffers. Measured on B0 at 64 and 224 px, and on S at 300
/// px.
const FLOATS_AN_ACTIVATION: f64 = 2.0;

/// Bytes of the program, its threads and the images loaded ahead.
const PROGRAM: u64 = 40 << 20;

/// Predicts a run's peak memory in bytes: weights, gradients, the optimizer's memory, and one batch's activations.
pub fn predicted(spec: &Spec, config: &Config, classes: usize) -> u64 {
    // The peak is in the stage with the most pixels at once.
    let images = |stage: &Stage| (spec.cost(Size::square(stage.size), classes), stage.part() as u64);
    let costs = stages(config).iter().map(images).collect::<Vec<_>>();
    let most = costs.iter().map(|(cost, part)| cost.activations * part).max().unwrap_or_default();
    let Some((cost, _)) = costs.last() else { return PROGRAM };
    let slots = config.optimizer().memory().slots.len() as u64;
    let averages = u64::from(config.ema.decay > 0.0);
    let of_weights = cost.params * (2 + slots + averages) + cost.buffers * (1 + averages);
    let of_activations = most as f64 * FLOATS_AN_ACTIVATION;
    PROGRAM + 4 * (of_weights + of_activations as u64)
}

/// Peak resident memory of this process in bytes; none where the system does not report it.
pub fn measured() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
