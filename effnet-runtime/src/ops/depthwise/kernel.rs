//! Depthwise convolution of `[N, H, W, C]` maps in its three directions.
//!
//! ```text
//! forward          out[p, c] = Σ_tap x[p·stride + tap, c] · w[tap, c]
//! input gradient   dx[p, c]  = Σ_tap dout[q, c] · w[tap, c]     over the q whose window holds p, by phases of the stride
//! weight gradient  dw[tap, c] = Σ_p dout[p, c] · x[p·stride + tap, c]
//! ```

use crate::kernels::buffer::Shared;
use crate::kernels::cut::Cut;
use crate::kernels::depthwise::{Filter, WeightGradient};
use crate::kernels::gather::{Gather, Target};
use crate::ops::conv::kernel::forward_gather;
use crate::ops::conv::pack::phases;
use crate::ops::window::Geometry;
use crate::simd::Level;
use crate::threads;

/// Pixels of a task.
const TASK_PIXELS: usize = 128;

/// Most partial sums of a weight gradient.
const MOST_PARTS: usize = 16;

/// Weights `[C, 1, k, k]` as `[taps, C]`.
fn pack(weight: &[f32], channels: usize, taps: impl Iterator<Item = usize>) -> Vec<f32> {
    let all = weight.len() / channels;
    taps.flat_map(|tap| weight[tap..].iter().step_by(all)).copied().collect()
}

/// Filters every pixel of the gather's grid.
fn filter(level: Level, gather: &Gather, batch: usize, x: &[f32], weight: &[f32], out: (Shared<'_>, Target)) {
    let cut = Cut::lines(gather.grid, TASK_PIXELS);
    let (out, target) = out;
    let job = Filter { gather, x, weight, out, target };
    threads::current().for_each(cut.tasks(batch), |task| {
        // SAFETY: each task writes lines of its own.
        unsafe { job.run(level, cut.area(task)) }
    });
}

/// `out = x ∗ weight`: `x` is `[N, H, W, C]`, `weight` `[C, 1, k, k]`.
pub(crate) fn forward(level: Level, geometry: &Geometry, x: &[f32], weight: &[f32], out: &mut [f32]) {
    let weight = pack(weight, geometry.in_channels, 0..geometry.kernel * geometry.kernel);
    let target = Target::plain(geometry.output, geometry.in_channels);
    filter(level, &forward_gather(geometry), geometry.batch, x, &weight, (Shared::new(out), target));
}

/// The gradient of `x`, from that of the output, `[N, H', W', C]`.
pub(crate) fn backward_input(level: Level, geometry: &Geometry, grad: &[f32], weight: &[f32], out: &mut [f32]) {
    let out = Shared::new(out);
    for phase in phases(geometry) {
        // A phase without taps gets its zeros here too.
        let weight = pack(weight, geometry.in_channels, phase.taps(geometry));
        filter(level, &phase.gather, geometry.batch, grad, &weight, (out, phase.target(geometry)));
    }
}

/// The gradient of the weight `[C, 1, k, k]`, from `x` and the gradient of the output.
///
/// The rows of the output are cut into parts, by shape, whose sums are added in the order of the parts.
pub(crate) fn backward_weight(level: Level, geometry: &Geometry, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let (channels, taps) = (geometry.in_channels, geometry.kernel * geometry.kernel);
    let gather = &forward_gather(geometry);
    let total = geometry.batch * geometry.output.0;
    let rows_of_part = total.div_ceil(MOST_PARTS.min(total));
    let size = taps * channels;
    let mut sums = vec![0.0; total.div_ceil(rows_of_part) * size];
    threads::current().for_each_chunk(&mut sums, size, |part, sums| {
        for at in part * rows_of_part..((part + 1) * rows_of_part).min(total) {
            let (image, y) = (at / geometry.output.0, at % geometry.output.0);
            WeightGradient { gather, x, grad, image, y, sums }.add(level);
        }
    });
    let (first, rest) = sums.split_at_mut(size);
    for part in rest.chunks_exact(size) {
        first.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    (0..channels).flat_map(|channel| first[channel..].iter().step_by(channels)).copied().collect()
}
