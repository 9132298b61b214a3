//! The gradient of a dense convolution's weights.
//!
//! ```text
//! dw[o][tap, i] = Σ_pixel dout[pixel][o] · window(x)[pixel][tap, i]
//! ```
//!
//! A task has a block of output channels, one line of taps, and a part of the pixels, which it walks line by line; the
//! parts' sums are added in their order.

use super::gather::Gather;
use crate::kernels::buffer::Shared;
use crate::kernels::outer::{self, Outer, PIXELS};
use crate::ops::scratch::with_scratch;
use crate::simd::Level;
use crate::threads;

/// Output channels of a task: a panel is packed for all of them.
const OUTPUTS: usize = 96;

/// Tasks that are wanted at least, and the most parts that the pixels are cut into to have them.
const FEWEST_TASKS: usize = 16;
const MOST_PARTS: usize = 16;

/// Elements of a task that adds parts.
const ADDED: usize = 1 << 12;

/// Some lines of the grid's images, all batch's images counted through.
#[derive(Clone, Copy)]
struct Lines {
    from: usize,
    until: usize,
}

/// `[outputs, taps.0, taps.1, channels]` of `x` and `grad` = `[batch, grid, outputs]`.
pub(super) fn weight_gradient(level: Level, gather: &Gather, x: &[f32], grad: &[f32], outputs: usize) -> Vec<f32> {
    let patch = gather.patch();
    // Over the map itself all images' pixels are one line after the other of any length.
    let (lines, width) = if gather.is_identity() {
        let pixels = grad.len() / outputs;
        (pixels.div_ceil(PIXELS), PIXELS)
    } else {
        (grad.len() / outputs / gather.grid.1, gather.grid.1)
    };
    let blocks = outputs.div_ceil(OUTPUTS) * gather.taps.0;
    let parts = FEWEST_TASKS.div_ceil(blocks).min(MOST_PARTS).min(lines);
    let size = outputs * patch;
    let mut sums = vec![0f32; parts * size];
    {
        let out = Shared::new(&mut sums);
        threads::current().for_each(parts * blocks, |task| {
            let (part, block) = (task / blocks, task % blocks);
            let (tap, first) = (block % gather.taps.0, block / gather.taps.0 * OUTPUTS);
            let lines = Lines { from: part * lines / parts, until: (part + 1) * lines / parts };
            let block = Block { gather, x, grad, outputs, first, count: OUTPUTS.min(outputs - first), tap, width };
            // SAFETY: each task adds to a part, outputs and taps of its own.
            unsafe { block.add(level, lines, out, part * size) }
        });
    }
    let (first, rest) = sums.split_at_mut(size);
    threads::current().for_each_chunk(first, ADDED, |at, chunk| {
        for part in rest.chunks_exact(size) {
            for (sum, value) in chunk.iter_mut().zip(&part[at * ADDED..]) {
                *sum += value;
            }
        }
    });
    sums.truncate(size);
    sums
}

/// A task's share of the gradient.
struct Block<'a> {
    gather: &'a Gather,
    x: &'a [f32],
    grad: &'a [f32],
    outputs: usize,
    /// The output channels.
    first: usize,
    count: usize,
    /// The line of taps.
    tap: usize,
    /// Pixels of a line.
    width: usize,
}

impl Block<'_> {
    /// Adds the lines' products to the gradient that starts at `start` of `out`.
    ///
    /// # Safety
    /// While it runs, nobody else may access the block's elements of `out`.
    unsafe fn add(&self, level: Level, lines: Lines, out: Shared<'_>, start: usize) {
        let (gather, channels) = (self.gather, self.gather.channels);
        let run = gather.taps.1 * channels;
        let panel_width = outer::width(level);
        let line_floats = ((self.width - 1) * gather.step + gather.taps.1) * channels;
        let total = self.grad.len() / self.outputs;
        // Short lines are taken several at a time, so that a panel is worth its sums' way to memory and back.
        let together = (PIXELS / self.width).max(1);
        with_scratch(together * (line_floats + self.width * panel_width) + panel_width, |scratch| {
            let (window, panel) = scratch.split_at_mut(together * line_floats);
            for from in (lines.from..lines.until).step_by(together) {
                let until = (from + together).min(lines.until);
                let first_pixel = from * self.width;
                let pixels = (until * self.width).min(total) - first_pixel;
                // The map itself has its pixels where the window would copy them to.
                let (source, source_start) = if gather.is_identity() {
                    (self.x, first_pixel * channels)
                } else {
                    for (line, window) in (from..until).zip(window.chunks_exact_mut(line_floats)) {
                        let (image, y) = (line / gather.grid.0, line % gather.grid.0);
                        let mut seen = gather.seen((y, 0), (1, self.width));
                        seen.corner.0 += self.tap as isize;
                        seen.size.0 = 1;
                        gather.copy(self.x, image, seen, window);
                    }
                    (&*window, 0)
                };
                for column in (0..run).step_by(panel_width) {
                    let columns = panel_width.min(run - column);
                    let panel = &mut panel[..pixels * panel_width];
                    for (line, panel) in panel.chunks_mut(self.width * panel_width).enumerate() {
                        let start = source_start + line * line_floats + column;
                        outer::pack(source, start, gather.step * channels, columns, panel, panel_width);
                    }
                    let job = Outer {
                        pixels,
                        a: self.grad,
                        a_start: first_pixel * self.outputs + self.first,
                        a_pixel: self.outputs,
                        rows: self.count,
                        panel,
                        out,
                        out_start: start + self.first * gather.patch() + self.tap * run + column,
                        out_row: gather.patch(),
                        columns,
                    };
                    // SAFETY: the caller's promise.
                    unsafe { job.run(level) }
                }
            }
        });
    }
}
