//! Depthwise convolution of `[N, H, W, C]` maps in its three directions.
//!
//! ```text
//! forward          out[p, c] = Σ_tap x[p·stride + tap, c] · w[tap, c]
//! input gradient   dx[p, c]  = Σ_tap dout[q, c] · w[tap, c]     over the q whose window holds p, by phases of the stride
//! weight gradient  dw[tap, c] = Σ_p dout[p, c] · x[p·stride + tap, c]
//! ```

#[cfg(test)]
mod tests;

use std::ops::Range;

use effnet_kernels::buffer::Shared;
use effnet_kernels::cut::{Area, Cut};
use effnet_kernels::depthwise::{Filter, WeightGradient};
use effnet_kernels::gather::{Gather, Target};
use effnet_kernels::simd::Level;
use effnet_kernels::threads;
use effnet_kernels::view::{Rows, ViewMut};

use super::conv::forward_gather;
use super::conv::pack::phases;
use super::norm_act::statistics::{PartMoments, Slots};
use super::parts::sum_of_parts;
use super::scratch::with_scratch;
use super::source::Source;
use super::{FEWEST_TASKS, MOST_PARTS, WRITTEN_FLOATS};
use crate::backend::window::Geometry;

/// Pixels of a task.
const TASK_PIXELS: usize = 128;

/// Channels that a task writes out of a lazy map at a time.
const GROUP: usize = 256;

/// Weights `[C, 1, k, k]` of some channels as `[taps, channels]`.
fn pack(weight: &[f32], of_channel: usize, channels: Range<usize>, taps: impl Iterator<Item = usize>) -> Vec<f32> {
    let own = &weight[channels.start * of_channel..channels.end * of_channel];
    let mut packed = Vec::with_capacity(own.len());
    for tap in taps {
        packed.extend(own.chunks_exact(of_channel).map(|channel| channel[tap]));
    }
    packed
}

/// Channels that are walked together: all where the map is in memory, some where it is lazy.
fn groups(x: Source<'_>) -> Vec<Range<usize>> {
    let channels = x.channels();
    let step = if x.as_plain().is_some() { channels.max(1) } else { GROUP };
    (0..channels).step_by(step).map(|start| start..(start + step).min(channels)).collect()
}

/// Calls `each` with the lines of an image that some lines of the grid see, written out for some channels, and the
/// gather over them.
fn with_lines(
    level: Level,
    gather: &Gather,
    x: Source<'_>,
    image: usize,
    y: Range<usize>,
    channels: Range<usize>,
    each: impl FnOnce(&Gather, &[f32]),
) {
    let (lines, over) = gather.over_lines(y);
    let (height, width) = gather.source;
    let line = |at: usize| (image * height + at) * width;
    with_scratch(lines.len() * width * channels.len(), |written| {
        x.write(level, line(lines.start)..line(lines.end), channels.clone(), written);
        each(&Gather { channels: channels.len(), ..over }, written);
    });
}

/// Filters every pixel of the gather's grid.
fn filter(level: Level, job: &Filter<'_>, batch: usize, wants_moments: bool) -> Option<PartMoments> {
    let (cut, channels) = (Cut::lines(job.gather.grid, TASK_PIXELS), job.gather.channels);
    let mut moments = wants_moments.then(|| PartMoments::of_areas(channels, &cut, batch));
    let slots = Slots::of(&mut moments);
    threads::current().for_each(cut.tasks(batch), |task| {
        let area = cut.area(task);
        let written = ViewMut::new(job.out, job.target.at(area.image, area.y, area.x));
        // SAFETY: each task writes lines of its own, and leaves the moments of these.
        unsafe {
            job.run(level, area);
            slots.find(level, task, 0..channels, written, (area.height, area.width));
        }
    });
    moments
}

/// `out = x ∗ weight`, and the moments of its channels where they are wanted: `x` is `[N, H, W, C]`, `weight`
/// `[C, 1, k, k]`.
pub(crate) fn forward(
    level: Level,
    geometry: &Geometry,
    x: Source<'_>,
    weight: &[f32],
    out: &mut [f32],
    wants_moments: bool,
) -> Option<PartMoments> {
    let (channels, taps) = (geometry.in_channels, geometry.kernel * geometry.kernel);
    let (gather, target) = (&forward_gather(geometry), Target::plain(geometry.output, channels));
    let out = Shared::new(out);
    if let Some(x) = x.as_plain() {
        let weight = &pack(weight, taps, 0..channels, 0..taps);
        return filter(level, &Filter { gather, x, weight, out, target }, geometry.batch, wants_moments);
    }
    let groups: Vec<_> =
        groups(x).into_iter().map(|group| (group.clone(), pack(weight, taps, group, 0..taps))).collect();
    let cut = Cut { size: gather.grid, height: lines_of_task(gather, geometry.batch), width: gather.grid.1 };
    let mut moments = wants_moments.then(|| PartMoments::of_areas(channels, &cut, geometry.batch));
    let slots = Slots::of(&mut moments);
    threads::current().for_each(cut.tasks(geometry.batch), |task| {
        let Area { image, y, height, width, .. } = cut.area(task);
        for (group, weight) in &groups {
            with_lines(level, gather, x, image, y..y + height, group.clone(), |gather, x| {
                let rows = target.at(image, y, 0);
                let pixels = Rows { start: rows.start + group.start, ..rows };
                let (target, area) = (Target { image: 0, pixels }, Area { image: 0, y: 0, x: 0, height, width });
                // SAFETY: each task writes these channels of lines of its own, and leaves the moments of these.
                unsafe {
                    Filter { gather, x, weight, out, target }.run(level, area);
                    slots.find(level, task, group.clone(), ViewMut::new(out, pixels), (height, width));
                }
            });
        }
    });
    moments
}

/// Lines of the grid per task: enough tasks, and an input that fits the L2 cache, but not too few lines, since
/// neighbouring tasks read `k - 1` lines of each other's (the halo).
fn lines_of_task(gather: &Gather, batch: usize) -> usize {
    const FEWEST_LINES: usize = 4;
    let by_tasks = gather.grid.0.div_ceil(FEWEST_TASKS.div_ceil(batch.max(1)));
    let seen = WRITTEN_FLOATS / (gather.source.1 * GROUP.min(gather.channels)).max(1);
    let by_cache = seen.saturating_sub(gather.taps.0) / gather.stride;
    by_tasks.min(by_cache.max(FEWEST_LINES)).max(1)
}

/// The gradient of `x`, from that of the output, `[N, H', W', C]`.
pub(crate) fn backward_input(level: Level, geometry: &Geometry, grad: &[f32], weight: &[f32], out: &mut [f32]) {
    let (channels, of_channel) = (geometry.in_channels, geometry.kernel * geometry.kernel);
    let out = Shared::new(out);
    for phase in phases(geometry) {
        // A phase without taps gets its zeros here too.
        let weight = pack(weight, of_channel, 0..channels, phase.taps(geometry));
        let (gather, target) = (&phase.gather, phase.target(geometry));
        filter(level, &Filter { gather, x: grad, weight: &weight, out, target }, geometry.batch, false);
    }
}

/// The gradient of the weight `[C, 1, k, k]`, from `x` and the gradient of the output.
///
/// The rows of the output are cut into parts, by shape, whose sums are added in the order of the parts.
pub(crate) fn backward_weight(level: Level, geometry: &Geometry, x: Source<'_>, grad: &[f32]) -> Vec<f32> {
    let (channels, taps) = (geometry.in_channels, geometry.kernel * geometry.kernel);
    let (gather, groups) = (&forward_gather(geometry), groups(x));
    let (height, total) = (geometry.output.0, geometry.batch * geometry.output.0);
    let rows_of_part = total.div_ceil(MOST_PARTS.min(total));
    let grad_pixels = Target::plain(geometry.output, channels);
    let size = taps * channels;
    // Each part's sums are `[taps, channels]`, group by group.
    let mut sums = vec![0.0; total.div_ceil(rows_of_part) * size];
    threads::current().for_each_chunk(&mut sums, size, |part, sums| {
        let rows = part * rows_of_part..((part + 1) * rows_of_part).min(total);
        for image in rows.start / height..rows.end.div_ceil(height) {
            let lines =
                rows.start.max(image * height) - image * height..rows.end.min((image + 1) * height) - image * height;
            for group in &groups {
                let sums = &mut sums[taps * group.start..taps * group.end];
                if let Some(x) = x.as_plain() {
                    for y in lines.clone() {
                        WeightGradient { gather, x, grad, grad_pixels, image, y, sums }.add(level);
                    }
                    continue;
                }
                let rows = grad_pixels.at(image, lines.start, 0);
                let grad_pixels = Target { image: 0, pixels: Rows { start: rows.start + group.start, ..rows } };
                with_lines(level, gather, x, image, lines.clone(), group.clone(), |gather, x| {
                    for y in 0..lines.len() {
                        WeightGradient { gather, x, grad, grad_pixels, image: 0, y, sums }.add(level);
                    }
                });
            }
        }
    });
    let sums: Vec<f32> = sum_of_parts(&sums, size);
    let mut gradient = vec![0.0; size];
    threads::current().for_each_chunk(&mut gradient, taps * GROUP, |at, gradient| {
        for (channel, gradient) in gradient.chunks_exact_mut(taps).enumerate() {
            let channel = at * GROUP + channel;
            let group = &groups[channel / groups[0].len()];
            let sums = sums[taps * group.start + channel - group.start..].iter().step_by(group.len());
            gradient.iter_mut().zip(sums).for_each(|(to, from)| *to = *from);
        }
    });
    gradient
}
