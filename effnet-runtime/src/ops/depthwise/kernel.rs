//! Depthwise convolution of `[N, H, W, C]` maps in its three directions.
//!
//! ```text
//! forward          out[p, c] = Σ_tap x[p·stride + tap, c] · w[tap, c]
//! input gradient   dx[p, c]  = Σ_tap dout[q, c] · w[tap, c]     over the q whose window holds p
//! weight gradient  dw[tap, c] = Σ_p dout[p, c] · x[p·stride + tap, c]
//! ```
//!
//! The first two are one kernel: a sum over taps, from lists of which source pixels a destination pixel has. Channels
//! are innermost in memory, so every tap is a product of two runs of channels.

use super::taps::{self, Side};
use crate::ops::window::Geometry;
use crate::simd::{Arch, Kernel, Level};
use crate::threads;

/// Channels that are summed over all taps at once: their weights stay in the L1 cache while the pixels of a row pass.
const GROUP: usize = 256;

/// Most partial sums of a weight gradient.
const MOST_PARTS: usize = 16;

/// Weights `[C, 1, k, k]` as `[k·k, C]`.
fn pack(weight: &[f32], channels: usize) -> Vec<f32> {
    let taps = weight.len() / channels;
    let mut packed = vec![0.0; weight.len()];
    for (channel, kernel) in weight.chunks_exact(taps).enumerate() {
        for (tap, value) in kernel.iter().enumerate() {
            packed[tap * channels + channel] = *value;
        }
    }
    packed
}

fn rows_of_outputs(geometry: &Geometry) -> Side {
    taps::of_outputs(geometry, geometry.input.0, geometry.output.0, geometry.before.0)
}

fn columns_of_outputs(geometry: &Geometry) -> Side {
    taps::of_outputs(geometry, geometry.input.1, geometry.output.1, geometry.before.1)
}

/// `out = x ∗ weight`: `x` is `[N, H, W, C]`, `weight` `[C, 1, k, k]`.
pub(crate) fn forward(level: Level, geometry: &Geometry, x: &[f32], weight: &[f32], out: &mut [f32]) {
    let (rows, columns) = (rows_of_outputs(geometry), columns_of_outputs(geometry));
    sum_over_taps(level, geometry, (&rows, &columns), geometry.input, x, weight, out);
}

/// The gradient of `x`, from that of the output, `[N, H', W', C]`.
pub(crate) fn backward_input(level: Level, geometry: &Geometry, grad: &[f32], weight: &[f32], out: &mut [f32]) {
    let rows = taps::of_inputs(geometry, geometry.input.0, geometry.output.0, geometry.before.0);
    let columns = taps::of_inputs(geometry, geometry.input.1, geometry.output.1, geometry.before.1);
    sum_over_taps(level, geometry, (&rows, &columns), geometry.output, grad, weight, out);
}

fn sum_over_taps(
    level: Level,
    geometry: &Geometry,
    (rows, columns): (&Side, &Side),
    (source_height, source_width): (usize, usize),
    source: &[f32],
    weight: &[f32],
    out: &mut [f32],
) {
    let channels = geometry.in_channels;
    let weight = pack(weight, channels);
    threads::current().for_each_chunk(out, columns.len() * channels, |at, out| {
        let (image, row) = (at / rows.len(), at % rows.len());
        let source = &source[image * source_height * source_width * channels..];
        let row = &rows[row];
        level.run(Row { source, source_width, weight: &weight, kernel: geometry.kernel, row, columns, channels, out });
    });
}

/// One row of destination pixels.
struct Row<'a> {
    source: &'a [f32],
    source_width: usize,
    weight: &'a [f32],
    kernel: usize,
    row: &'a [(usize, usize)],
    columns: &'a Side,
    channels: usize,
    out: &'a mut [f32],
}

impl Kernel for Row<'_> {
    #[inline(always)]
    fn run<A: Arch>(self) {
        let channels = self.channels;
        // Where each tap's channels start: in the source, and in the weights.
        let mut starts = Vec::with_capacity(self.kernel * self.kernel);
        for group in (0..channels).step_by(GROUP) {
            let end = (group + GROUP).min(channels);
            for (out, column) in self.out.chunks_exact_mut(channels).zip(self.columns) {
                starts.clear();
                for &(y, tap_y) in self.row {
                    for &(x, tap_x) in column {
                        let source = (y * self.source_width + x) * channels;
                        starts.push((source, (tap_y * self.kernel + tap_x) * channels));
                    }
                }
                let mut at = group;
                at = blocks::<A, 32>(self.source, self.weight, &starts, out, at, end);
                at = blocks::<A, 8>(self.source, self.weight, &starts, out, at, end);
                blocks::<A, 1>(self.source, self.weight, &starts, out, at, end);
            }
        }
    }
}

/// Sums whole blocks of `B` channels from `at` on, as many as fit before `end`; returns where they end.
#[inline(always)]
fn blocks<A: Arch, const B: usize>(
    source: &[f32],
    weight: &[f32],
    starts: &[(usize, usize)],
    out: &mut [f32],
    mut at: usize,
    end: usize,
) -> usize {
    while at + B <= end {
        let mut sum = [0f32; B];
        for &(source_start, weight_start) in starts {
            let values = &source[source_start + at..source_start + at + B];
            let weights = &weight[weight_start + at..weight_start + at + B];
            for i in 0..B {
                sum[i] = A::mul_add(values[i], weights[i], sum[i]);
            }
        }
        out[at..at + B].copy_from_slice(&sum);
        at += B;
    }
    at
}

/// The gradient of the weight `[C, 1, k, k]`, from `x` and the gradient of the output.
///
/// The rows of the output are cut into parts, by shape, whose sums are added in the order of the parts.
pub(crate) fn backward_weight(level: Level, geometry: &Geometry, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let (channels, taps) = (geometry.in_channels, geometry.kernel * geometry.kernel);
    let (rows, columns) = (rows_of_outputs(geometry), columns_of_outputs(geometry));
    let total = geometry.batch * geometry.output.0;
    let rows_of_part = total.div_ceil(MOST_PARTS.min(total));
    let size = taps * channels;
    let mut sums = vec![0.0; total.div_ceil(rows_of_part) * size];
    threads::current().for_each_chunk(&mut sums, size, |part, sum| {
        let until = ((part + 1) * rows_of_part).min(total);
        for at in part * rows_of_part..until {
            let (image, row) = (at / geometry.output.0, at % geometry.output.0);
            let x = &x[image * geometry.input.0 * geometry.input.1 * channels..];
            let grad = &grad[at * geometry.output.1 * channels..][..geometry.output.1 * channels];
            level.run(WeightRow { geometry, x, grad, row: &rows[row], columns: &columns, sum });
        }
    });
    let mut gradient = vec![0.0; size];
    for part in sums.chunks_exact(size) {
        for (at, value) in part.iter().enumerate() {
            gradient[(at % channels) * taps + at / channels] += value;
        }
    }
    gradient
}

/// One row of output gradients, added to a part's sum `[k·k, C]`.
struct WeightRow<'a> {
    geometry: &'a Geometry,
    x: &'a [f32],
    grad: &'a [f32],
    row: &'a [(usize, usize)],
    columns: &'a Side,
    sum: &'a mut [f32],
}

impl Kernel for WeightRow<'_> {
    #[inline(always)]
    fn run<A: Arch>(self) {
        let (channels, kernel) = (self.geometry.in_channels, self.geometry.kernel);
        let width = self.geometry.input.1;
        // Pixels that a tap of the kernel's columns joins: (input, output).
        let mut joined: Vec<Vec<(usize, usize)>> = vec![Vec::with_capacity(self.columns.len()); kernel];
        for (output, column) in self.columns.iter().enumerate() {
            for &(input, tap) in column {
                joined[tap].push((input, output));
            }
        }
        for &(y, tap_y) in self.row {
            for (tap_x, pixels) in joined.iter().enumerate() {
                let sum = &mut self.sum[(tap_y * kernel + tap_x) * channels..][..channels];
                let x = &self.x[y * width * channels..][..width * channels];
                let mut at = 0;
                at = products::<A, 32>(x, self.grad, pixels, channels, sum, at);
                at = products::<A, 8>(x, self.grad, pixels, channels, sum, at);
                products::<A, 1>(x, self.grad, pixels, channels, sum, at);
            }
        }
    }
}

/// As [`blocks`], for the products of a tap: sums over pixels rather than taps.
#[inline(always)]
fn products<A: Arch, const B: usize>(
    x: &[f32],
    grad: &[f32],
    pixels: &[(usize, usize)],
    channels: usize,
    out: &mut [f32],
    mut at: usize,
) -> usize {
    while at + B <= channels {
        let mut sum = [0f32; B];
        for &(input, output) in pixels {
            let values = &x[input * channels + at..input * channels + at + B];
            let gradients = &grad[output * channels + at..output * channels + at + B];
            for i in 0..B {
                sum[i] = A::mul_add(values[i], gradients[i], sum[i]);
            }
        }
        for (out, sum) in out[at..at + B].iter_mut().zip(sum) {
            *out += sum;
        }
        at += B;
    }
    at
}
