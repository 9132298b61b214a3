//! How much memory a run takes.

use effnet_spec::{Size, Spec};

use super::config::{Config, OptimizerKind};

/// Floats that a training step holds at its peak for each activation that [`Spec::cost`] counts: the outputs of a
/// convolution and of its normalisation, and the gradients on their way. Measured on B0: 237 MiB predicted and 254 found at 64 px, 527 and 507 at 224 px.
const FLOATS_AN_ACTIVATION: f64 = 3.0;

/// Peak memory in bytes that a run is expected to take: weights, gradients, the optimizer's memory, and the activations
/// of one batch.
pub fn predicted(spec: &Spec, config: &Config, classes: usize) -> u64 {
    let cost = spec.cost(Size::square(config.size), classes);
    let slots = match config.optimizer.kind {
        OptimizerKind::AdamW => 2,
        OptimizerKind::Sgd => 1,
    };
    let of_weights = cost.params * (2 + slots) + cost.buffers;
    let of_activations = (cost.activations * config.batch as u64) as f64 * FLOATS_AN_ACTIVATION;
    4 * (of_weights + of_activations as u64)
}

/// The most memory in bytes that this process has held at once; none where the system does not tell.
pub fn measured() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
