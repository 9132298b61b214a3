//! A gather's windows times weights: the forward pass of a convolution, and its input gradient.

use effnet_kernels::buffer::{self, Shared};
use effnet_kernels::conv::{ConvWeights, Convolution};
use effnet_kernels::gather::{Gather, Target};
use effnet_kernels::gemm::{Job, Packed};
use effnet_kernels::simd::Level;
use effnet_kernels::threads;
use effnet_kernels::view::{Rows, View, ViewMut};

use crate::backend::cpu::norm_act::statistics::{PartMoments, Slots};
use crate::backend::cpu::scratch::with_scratch;
use crate::backend::cpu::source::Source;
use crate::backend::cpu::{FEWEST_TASKS, WRITTEN_FLOATS};

/// Pixels of a direct task.
const TASK_PIXELS: usize = 96;

/// `out[pixel] = window(pixel) · weights`, for every pixel of `batch` grids.
#[derive(Clone, Copy)]
pub(super) struct Correlation<'a> {
    pub level: Level,
    pub gather: &'a Gather,
    pub source: Source<'a>,
    pub batch: usize,
    pub target: Target,
}

impl Correlation<'_> {
    /// Computes it, and the moments of its channels where they are wanted.
    pub(super) fn run(&self, weights: &ConvWeights, out: &mut [f32], wants_moments: bool) -> Option<PartMoments> {
        let out = Shared::new(out);
        // The results of pixels lie one after the other.
        let is_plain = self.gather.is_identity() && self.target.pixels.row == weights.out_channels();
        match (weights, self.source.as_plain()) {
            (ConvWeights::Direct(packed), Some(source)) if is_plain => {
                self.pointwise(packed, source, out, wants_moments)
            }
            (ConvWeights::Direct(packed), None) if is_plain => self.pointwise_of_written(packed, out, wants_moments),
            (_, Some(source)) => self.by_areas(weights, source, out, wants_moments),
            (_, None) => self.by_areas(weights, &self.source.to_map(self.level), out, wants_moments),
        }
    }

    /// Over the map as it lies: all images' pixels are one matrix. Cut by rows, and by panels where the rows are few.
    fn pointwise(&self, packed: &Packed, source: &[f32], out: Shared<'_>, wants_moments: bool) -> Option<PartMoments> {
        let Self { level, gather, batch, target, .. } = *self;
        let (total, columns) = (batch * gather.grid.0 * gather.grid.1, packed.columns());
        let row_tasks = total.div_ceil(TASK_PIXELS);
        let panel_tasks = FEWEST_TASKS.div_ceil(row_tasks).min(packed.panels());
        let rows_of = |task: usize| TASK_PIXELS.min(total - task * TASK_PIXELS);
        let mut moments = wants_moments.then(|| PartMoments::new(columns, (0..row_tasks).map(rows_of).collect()));
        let slots = Slots::of(&mut moments);
        threads::current().for_each(row_tasks * panel_tasks, |task| {
            let (slot, part) = (task % row_tasks, task / row_tasks);
            let (row, rows) = (slot * TASK_PIXELS, rows_of(slot));
            let panels = |part: usize| part * packed.panels() / panel_tasks;
            let column = |part: usize| (panels(part) * packed.width()).min(columns);
            let out_rows = Rows::contiguous(target.pixels.start + row * columns + column(part), columns);
            let out = ViewMut::new(out, out_rows);
            let a = View::new(source, Rows::contiguous(row * packed.depth(), packed.depth()));
            let job = Job { panels: (panels(part), panels(part + 1)), ..Job::new(packed, (1, rows), a, out) };
            // SAFETY: the task has written these rows and columns; no other task writes them or touches their
            // moments; what it reads is borrowed, and no part of `out`.
            unsafe {
                job.run(level);
                slots.find(level, slot, column(part)..column(part + 1), out, (1, rows));
            }
        });
        moments
    }

    /// The same over a lazy map: cut by rows alone, so that none is computed twice.
    fn pointwise_of_written(&self, packed: &Packed, out: Shared<'_>, wants_moments: bool) -> Option<PartMoments> {
        let Self { level, source, target, .. } = *self;
        let (total, depth, columns) = (source.pixels(), packed.depth(), packed.columns());
        let rows = (WRITTEN_FLOATS / depth).min(total.div_ceil(FEWEST_TASKS)).clamp(1, TASK_PIXELS);
        let rows_of = |task: usize| rows.min(total - task * rows);
        let tasks = total.div_ceil(rows);
        let mut moments = wants_moments.then(|| PartMoments::new(columns, (0..tasks).map(rows_of).collect()));
        let slots = Slots::of(&mut moments);
        threads::current().for_each(tasks, |task| {
            let (row, end) = (task * rows, task * rows + rows_of(task));
            with_scratch((end - row) * depth, |written| {
                source.write(level, row..end, 0..depth, written);
                let out = ViewMut::new(out, Rows::contiguous(target.pixels.start + row * columns, columns));
                let job = Job { out, ..Job::plain(packed, written, end - row, out.data) };
                // SAFETY: the task has written these rows; no other task writes them or touches their moments; what it
                // reads is borrowed, and no part of `out`.
                unsafe {
                    job.run(level);
                    slots.find(level, task, 0..columns, out, (1, end - row));
                }
            });
        });
        moments
    }

    /// Over copies of the pixels that a task sees, with zeros around them.
    fn by_areas(
        &self,
        weights: &ConvWeights,
        source: &[f32],
        out: Shared<'_>,
        wants_moments: bool,
    ) -> Option<PartMoments> {
        let Self { level, gather, batch, target, .. } = *self;
        let (cut, channels) = (weights.cut(gather.grid, TASK_PIXELS), gather.channels);
        let mut moments = wants_moments.then(|| PartMoments::of_areas(weights.out_channels(), &cut, batch));
        let slots = Slots::of(&mut moments);
        threads::current().for_each(cut.tasks(batch), |task| {
            let area = cut.area(task);
            let size = (area.height, area.width);
            let seen = gather.seen((area.y, area.x), weights.reach(size));
            let line = seen.size.1 * channels;
            let window_length = (seen.size.0 * line).next_multiple_of(buffer::CACHE_LINE);
            with_scratch(window_length + weights.scratch(gather.grid), |scratch| {
                let (window, scratch) = scratch.split_at_mut(window_length);
                gather.copy(source, area.image, seen, window);
                let x = Rows { start: 0, line: gather.stride * line, row: gather.stride * channels };
                let out = ViewMut::new(out, target.at(area.image, area.y, area.x));
                let convolution = Convolution {
                    weights,
                    size,
                    x: View::new(window, x),
                    window: (gather.taps.0, line),
                    out,
                    residual: None,
                    activation: None,
                };
                // SAFETY: the task has written this area; no other task writes it or touches its moments; what it reads
                // is borrowed, and no part of `out`.
                unsafe {
                    convolution.run(level, scratch);
                    slots.find(level, task, 0..weights.out_channels(), out, size);
                }
            });
        });
        moments
    }
}
