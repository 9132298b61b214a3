//! The gradient of a dense convolution's weights.
//!
//! ```text
//! dw[o][tap, i] = Σ_pixel dout[pixel][o] · window(x)[pixel][tap, i]
//! ```
//!
//! A task has a block of output channels, a block of a line of taps, and a part of the pixels, which it walks line by
//! line; the parts' sums are added in their order.

use std::ops::Range;

use effnet_kernels::buffer::Shared;
use effnet_kernels::gather::Gather;
use effnet_kernels::outer::{self, Columns, Outer, PIXELS};
use effnet_kernels::simd::Level;
use effnet_kernels::threads;
use effnet_kernels::view::{Rows, View, ViewMut};

use crate::backend::cpu::parts::sum_of_parts;
use crate::backend::cpu::pooled::Pooled;
use crate::backend::cpu::scratch::with_scratch;
use crate::backend::cpu::source::Source;
use crate::backend::cpu::{FEWEST_TASKS, MOST_PARTS};

/// Output channels, and floats of a line of taps, of a task at most: both sides' strips stay in the L2 cache.
const OUTPUTS: usize = 192;
const COLUMNS: usize = 192;

/// Cuts `count` into the fewest pieces of at most `most`, as equal as whole multiples of `unit` can be: the length of
/// all but the last.
fn piece(count: usize, most: usize, unit: usize) -> usize {
    count.div_ceil(count.div_ceil(most)).next_multiple_of(unit)
}

/// `[outputs, taps.0, taps.1, channels]` of `x` and `grad` = `[batch, grid, outputs]`.
///
/// # Panics
/// When `x` is computed as it is read, and windows are more than a pixel.
pub(super) fn weight_gradient(level: Level, gather: &Gather, x: Source<'_>, grad: &[f32], outputs: usize) -> Vec<f32> {
    let (patch, run) = (gather.patch(), gather.taps.1 * gather.channels);
    // Over the map itself all images' pixels are one line after the other of any length.
    let (lines, width) = if gather.is_identity() {
        let pixels = grad.len() / outputs;
        (pixels.div_ceil(PIXELS), PIXELS)
    } else {
        (grad.len() / outputs / gather.grid.1, gather.grid.1)
    };
    let rows = piece(outputs, OUTPUTS, outer::height(level));
    let columns = piece(run, COLUMNS, outer::width(level));
    let (row_blocks, column_blocks) = (outputs.div_ceil(rows), run.div_ceil(columns));
    let blocks = row_blocks * column_blocks * gather.taps.0;
    let parts = FEWEST_TASKS.div_ceil(blocks).min(MOST_PARTS).min(lines);
    let size = outputs * patch;
    let mut sums = Pooled::new(parts * size);
    {
        let out = Shared::new(&mut sums);
        threads::current().for_each(parts * blocks, |task| {
            let (part, block) = (task / blocks, task % blocks);
            let (tap, block) = (block % gather.taps.0, block / gather.taps.0);
            let (row, column) = (block / column_blocks * rows, block % column_blocks * columns);
            let lines = part * lines / parts..(part + 1) * lines / parts;
            let block = Block {
                gather,
                x,
                grad,
                outputs,
                row,
                rows: rows.min(outputs - row),
                tap,
                column,
                columns: columns.min(run - column),
                width,
            };
            // SAFETY: each task writes a part, outputs and taps of its own; what it reads is borrowed, and no part of
            // `out`.
            unsafe { block.write(level, lines, out, part * size) }
        });
    }
    sum_of_parts(&sums, size)
}

/// `count` floats of each of `pixels` pixels, which start `pixel` floats apart from `start` on.
fn strips(data: &[f32], start: usize, pixel: usize, pixels: usize, count: usize) -> Columns<'_> {
    Columns { source: View::new(data, Rows::contiguous(start, pixel)), pixels, count }
}

/// A task's share of the gradient.
struct Block<'a> {
    gather: &'a Gather,
    x: Source<'a>,
    grad: &'a [f32],
    outputs: usize,
    /// The output channels.
    row: usize,
    rows: usize,
    /// The line of taps, and the floats of it.
    tap: usize,
    column: usize,
    columns: usize,
    /// Pixels of a line.
    width: usize,
}

impl Block<'_> {
    /// Writes the products of some lines, all images' lines counted through, to the gradient that starts at `start` of
    /// `out`.
    ///
    /// # Safety
    /// While it runs, nobody else may access the block's elements of `out`.
    unsafe fn write(&self, level: Level, lines: Range<usize>, out: Shared<'_>, start: usize) {
        let Self { gather, width, .. } = *self;
        let channels = gather.channels;
        let line_floats = ((width - 1) * gather.stride + gather.taps.1) * channels;
        let total = self.grad.len() / self.outputs;
        // Short lines are taken several at a time, so that a tile is worth its sums' way to memory and back.
        let together = (PIXELS / width).max(1);
        let most = together * width;
        let high = self.rows.next_multiple_of(outer::height(level));
        let wide = self.columns.next_multiple_of(outer::width(level));
        with_scratch(line_floats + most * (high + wide), |scratch| {
            let (window, scratch) = scratch.split_at_mut(line_floats);
            let (a, b) = scratch.split_at_mut(most * high);
            for from in lines.clone().step_by(together) {
                let first = from * width;
                let pixels = ((from + together).min(lines.end) * width).min(total) - first;
                let outputs = self.outputs;
                let grad = strips(self.grad, first * outputs + self.row, outputs, pixels, self.rows);
                grad.strips_of_a(level, a, pixels, 0);
                let count = self.columns;
                if gather.is_identity() {
                    let x = match self.x.as_plain() {
                        // The map itself has its pixels where a window would copy them to.
                        Some(source) => strips(source, first * channels + self.column, channels, pixels, count),
                        None => {
                            let written = &mut window[..pixels * count];
                            self.x.write(level, first..first + pixels, self.column..self.column + count, written);
                            strips(written, 0, count, pixels, count)
                        }
                    };
                    x.strips_of_b(level, b, pixels, 0);
                } else {
                    let x = self.x.as_plain().expect("windows of a map that is computed as it is read");
                    for line in 0..pixels / width {
                        let (image, y) = ((from + line) / gather.grid.0, (from + line) % gather.grid.0);
                        let mut seen = gather.seen((y, 0), (1, width));
                        seen.corner.0 += self.tap as isize;
                        seen.size.0 = 1;
                        gather.copy(x, image, seen, window);
                        let x = strips(window, self.column, gather.stride * channels, width, count);
                        x.strips_of_b(level, b, pixels, line * width);
                    }
                }
                let start = start + self.row * gather.patch() + self.tap * gather.taps.1 * channels + self.column;
                let job = Outer {
                    pixels,
                    a,
                    b,
                    rows: self.rows,
                    columns: self.columns,
                    out: ViewMut::new(out, Rows::contiguous(start, gather.patch())),
                    add: from > lines.start,
                };
                // SAFETY: the caller keeps others from the block's elements of `out`.
                unsafe { job.run(level) }
            }
        });
    }
}
