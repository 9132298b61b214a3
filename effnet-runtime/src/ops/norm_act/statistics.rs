//! Mean and variance of each channel.

use crate::simd::{Arch, Kernel, Level};
use crate::threads;

/// Rows of one part: they are read twice, the second time from the cache.
fn rows_of_part(channels: usize) -> usize {
    ((1 << 15) / channels).clamp(16, 1024)
}

/// Mean and variance (biased) of each channel over a batch.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
    /// Pixels that they were taken over.
    pub count: usize,
}

impl Moments {
    /// The variance as an estimate of the population's: `Σ (z - mean)² / (count - 1)`, and 0 for a single pixel, which
    /// gives no estimate.
    pub(crate) fn unbiased_variance(&self) -> Vec<f32> {
        let correction = self.count as f64 / (self.count as f64 - 1.0).max(1.0);
        self.variance.iter().map(|variance| (f64::from(*variance) * correction) as f32).collect()
    }
}

/// Moments of `z` = `[pixels, channels]`.
///
/// Each part of the rows is summed twice, for its mean and for the squares around it, and the parts are joined with
/// Chan's formula in f64: there is no cancellation of large squares.
pub(crate) fn moments(level: Level, z: &[f32], channels: usize) -> Moments {
    let rows = rows_of_part(channels);
    let count = z.len() / channels;
    let mut parts = vec![0f32; count.div_ceil(rows) * 2 * channels];
    threads::current().for_each_chunk(&mut parts, 2 * channels, |at, part| {
        let z = &z[at * rows * channels..(at * rows * channels + rows * channels).min(z.len())];
        let (mean, squares) = part.split_at_mut(channels);
        level.run(Part { z, mean, squares });
    });
    let mut mean = vec![0f64; channels];
    let mut squares = vec![0f64; channels];
    let mut seen = 0f64;
    for (at, part) in parts.chunks_exact(2 * channels).enumerate() {
        let new = rows.min(count - at * rows) as f64;
        let (part_mean, part_squares) = part.split_at(channels);
        for channel in 0..channels {
            let delta = f64::from(part_mean[channel]) - mean[channel];
            mean[channel] += delta * new / (seen + new);
            squares[channel] += f64::from(part_squares[channel]) + delta * delta * seen * new / (seen + new);
        }
        seen += new;
    }
    Moments {
        mean: mean.iter().map(|mean| *mean as f32).collect(),
        variance: squares.iter().map(|squares| (squares / seen) as f32).collect(),
        count,
    }
}

/// Mean, and sum of squares around it, of the rows of one part.
struct Part<'a> {
    z: &'a [f32],
    mean: &'a mut [f32],
    squares: &'a mut [f32],
}

impl Kernel for Part<'_> {
    #[inline(always)]
    fn run<A: Arch>(self) {
        let channels = self.mean.len();
        let rows = self.z.len() / channels;
        for row in self.z.chunks_exact(channels) {
            for (sum, z) in self.mean.iter_mut().zip(row) {
                *sum += z;
            }
        }
        let share = 1.0 / rows as f32;
        for mean in self.mean.iter_mut() {
            *mean *= share;
        }
        for row in self.z.chunks_exact(channels) {
            for ((squares, z), mean) in self.squares.iter_mut().zip(row).zip(self.mean.iter()) {
                let delta = z - mean;
                *squares = A::mul_add(delta, delta, *squares);
            }
        }
    }
}
