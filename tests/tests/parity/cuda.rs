//! The same networks on a CUDA device, held to the tolerances of the CPU.

use effnet_runtime::candle::Device;
use effnet_runtime::device;

use super::mixed;

/// A test that finds no device fails.
fn cuda() -> Device {
    device::open("cuda").unwrap().device
}

#[test]
fn evaluation() {
    mixed::check_evaluation(&cuda());
}

#[test]
fn a_training_step() {
    mixed::check_training_step(&cuda());
}

#[test]
fn six_steps_of_sgd() {
    mixed::check_six_steps_of_sgd(&cuda());
}
