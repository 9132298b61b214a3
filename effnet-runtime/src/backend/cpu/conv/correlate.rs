//! A gather's windows times weights: the forward pass of a convolution, and its input gradient.

use effnet_kernels::buffer::{self, Shared};
use effnet_kernels::cut::Cut;
use effnet_kernels::gather::{Gather, Rectangle, Target};
use effnet_kernels::gemm::{Job, Packed};
use effnet_kernels::simd::Level;
use effnet_kernels::threads;
use effnet_kernels::view::{Rows, View, ViewMut};
use effnet_kernels::winograd::{self, TILE, Winograd};

use crate::backend::cpu::norm_act::statistics::{PartMoments, Written};
use crate::backend::cpu::scratch::with_scratch;
use crate::backend::cpu::source::Source;

/// Pixels of a direct task, and the fewest tasks that a product over the map itself is cut into.
const TASK_PIXELS: usize = 96;
const FEWEST_TASKS: usize = 16;

/// Floats that a task writes out of a lazy map: they stay in the L2 cache.
const WRITTEN_FLOATS: usize = 1 << 16;

/// Weights of a gather, packed.
pub(super) enum Weights {
    Direct(Packed),
    Winograd(Winograd),
}

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
    pub(super) fn run(&self, weights: &Weights, out: &mut [f32], wants_moments: bool) -> Option<PartMoments> {
        let shared = Shared::new(out);
        match (weights, self.source.as_plain()) {
            (Weights::Direct(packed), plain) if self.gather.is_identity() && self.is_plain_target(packed) => {
                match plain {
                    Some(source) => self.pointwise(packed, source, shared, wants_moments),
                    None => self.pointwise_of_written(packed, shared, wants_moments),
                }
            }
            (Weights::Direct(packed), Some(source)) => self.direct(packed, source, shared, wants_moments),
            (Weights::Winograd(winograd), Some(source)) => self.by_tiles(winograd, source, shared, wants_moments),
            (_, None) => {
                let map = self.source.to_map(self.level);
                Correlation { source: Source::plain(&map, self.source.channels()), ..*self }.run(
                    weights,
                    out,
                    wants_moments,
                )
            }
        }
    }

    /// Whether the pixels' results lie one after the other.
    fn is_plain_target(&self, packed: &Packed) -> bool {
        self.target.pixels.row == packed.columns()
    }

    /// Over the map as it lies: all images' pixels are one matrix. Cut by rows, and by panels where the rows are few.
    fn pointwise(&self, packed: &Packed, source: &[f32], out: Shared<'_>, wants_moments: bool) -> Option<PartMoments> {
        let Self { level, gather, batch, target, .. } = *self;
        let (total, columns) = (batch * gather.grid.0 * gather.grid.1, packed.columns());
        let row_tasks = total.div_ceil(TASK_PIXELS);
        let panel_tasks = FEWEST_TASKS.div_ceil(row_tasks).min(packed.panels());
        let rows_of = |task: usize| TASK_PIXELS.min(total - task * TASK_PIXELS);
        let mut moments = wants_moments.then(|| PartMoments::new(columns, (0..row_tasks).map(rows_of).collect()));
        let slots = moments.as_mut().map(PartMoments::slots);
        threads::current().for_each(row_tasks * panel_tasks, |task| {
            let (slot, part) = (task % row_tasks, task / row_tasks);
            let (row, rows) = (slot * TASK_PIXELS, rows_of(slot));
            let panels = |part: usize| part * packed.panels() / panel_tasks;
            let column = |part: usize| (panels(part) * packed.width()).min(columns);
            let out_rows = Rows::contiguous(target.pixels.start + row * columns + column(part), columns);
            let a = View::new(source, Rows::contiguous(row * packed.depth(), packed.depth()));
            let job = Job {
                panels: (panels(part), panels(part + 1)),
                ..Job::new(packed, (1, rows), a, ViewMut::new(out, out_rows))
            };
            let written = Written { map: out, rows: out_rows, lines: 1, pixels: rows };
            // SAFETY: each task writes rows and columns of its own.
            unsafe { job.run(level) }
            if let Some(slots) = &slots {
                // SAFETY: these it has written, and nobody else writes them; the moments are of the same rows and columns.
                unsafe { slots.find(level, slot, column(part)..column(part + 1), written) }
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
        let slots = moments.as_mut().map(PartMoments::slots);
        threads::current().for_each(tasks, |task| {
            let (row, end) = (task * rows, task * rows + rows_of(task));
            with_scratch((end - row) * depth, |written| {
                source.write(level, row..end, 0..depth, written);
                let out = ViewMut::new(out, Rows::contiguous(target.pixels.start + row * columns, columns));
                let job = Job { out, ..Job::plain(packed, written, end - row, out.data) };
                // SAFETY: each task writes rows of its own.
                unsafe { job.run(level) }
            });
            if let Some(slots) = &slots {
                let rows = Rows::contiguous(target.pixels.start + row * columns, columns);
                let written = Written { map: out, rows, lines: 1, pixels: end - row };
                // SAFETY: these it has written, and nobody else writes them; the moments are of the same rows.
                unsafe { slots.find(level, task, 0..columns, written) }
            }
        });
        moments
    }

    /// Over copies of the lines that a task sees, with zeros around them.
    fn direct(&self, packed: &Packed, source: &[f32], out: Shared<'_>, wants_moments: bool) -> Option<PartMoments> {
        let Self { level, gather, batch, target, .. } = *self;
        let cut = Cut::lines(gather.grid, TASK_PIXELS);
        let channels = gather.channels;
        let mut moments = wants_moments.then(|| PartMoments::of_areas(packed.columns(), &cut, batch));
        let slots = moments.as_mut().map(PartMoments::slots);
        threads::current().for_each(cut.tasks(batch), |task| {
            let area = cut.area(task);
            let seen = gather.seen((area.y, area.x), (area.height, area.width));
            let line = seen.size.1 * channels;
            with_scratch(seen.size.0 * line, |window| {
                gather.copy(source, area.image, seen, window);
                let a = View::new(window, Rows { start: 0, line: gather.step * line, row: gather.step * channels });
                let out = ViewMut::new(out, target.at(area.image, area.y, area.x));
                let job = Job {
                    segments: gather.taps.0,
                    segment_stride: line,
                    ..Job::new(packed, (area.height, area.width), a, out)
                };
                // SAFETY: each task writes lines of its own.
                unsafe { job.run(level) }
            });
            if let Some(slots) = &slots {
                // SAFETY: the task has written the area, and nobody else does; the moments are the area's.
                unsafe { slots.find_area(level, task, 0..packed.columns(), out, target, area) }
            }
        });
        moments
    }

    /// By Winograd's algorithm, over copies of the rectangles that a task sees.
    fn by_tiles(
        &self,
        weights: &Winograd,
        source: &[f32],
        out: Shared<'_>,
        wants_moments: bool,
    ) -> Option<PartMoments> {
        let Self { level, gather, batch, target, .. } = *self;
        let (cut, channels) = (weights.cut(gather.grid), gather.channels);
        let mut moments = wants_moments.then(|| PartMoments::of_areas(weights.out_channels(), &cut, batch));
        let slots = moments.as_mut().map(PartMoments::slots);
        threads::current().for_each(cut.tasks(batch), |task| {
            let area = cut.area(task);
            let tiles = (area.height.div_ceil(TILE), area.width.div_ceil(TILE));
            let corner = gather.seen((area.y, area.x), (1, 1)).corner;
            let seen = Rectangle { corner, size: (tiles.0 * TILE + 2, tiles.1 * TILE + 2) };
            let line = seen.size.1 * channels;
            let window_length = (seen.size.0 * line).next_multiple_of(buffer::CACHE_LINE);
            with_scratch(window_length + weights.scratch(gather.grid), |scratch| {
                let (window, scratch) = scratch.split_at_mut(window_length);
                gather.copy(source, area.image, seen, window);
                let rectangle = winograd::Rectangle {
                    weights,
                    tiles,
                    x: View::new(window, Rows { start: 0, line, row: channels }),
                    size: (area.height, area.width),
                    out: ViewMut::new(out, target.at(area.image, area.y, area.x)),
                    residual: None,
                    activation: None,
                };
                // SAFETY: each task writes a rectangle of its own.
                unsafe { rectangle.run(level, scratch) }
            });
            if let Some(slots) = &slots {
                // SAFETY: the task has written the area, and nobody else does; the moments are the area's.
                unsafe { slots.find_area(level, task, 0..weights.out_channels(), out, target, area) }
            }
        });
        moments
    }
}
