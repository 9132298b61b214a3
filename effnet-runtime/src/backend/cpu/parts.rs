//! Sums that are taken in parts, of which each is one task's, and added in the parts' order.

use std::ops::AddAssign;

use effnet_kernels::threads;

/// Elements of a task that adds parts.
const ADDED: usize = 1 << 12;

/// A task has at least as much to do as it costs to hand it out.
const ADDED_OF_MANY: usize = 1 << 8;

/// The sum of parts of `size` floats each, at least one, one behind the other.
pub(super) fn sum_of_parts<F: AddAssign + Copy + Default + From<f32> + Send>(parts: &[f32], size: usize) -> Vec<F> {
    let mut sums = vec![F::default(); size];
    let chunk = (ADDED / (parts.len() / size.max(1)).max(1)).max(ADDED_OF_MANY);
    threads::current().for_each_chunk(&mut sums, chunk, |at, sums| {
        for (number, part) in parts.chunks_exact(size).enumerate() {
            for (sum, value) in sums.iter_mut().zip(&part[at * chunk..]) {
                match number {
                    0 => *sum = F::from(*value),
                    _ => *sum += F::from(*value),
                }
            }
        }
    });
    sums
}
