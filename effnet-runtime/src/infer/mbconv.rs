//! MBConv, in phases, each over all images:
//!
//! ```text
//! for each chunk of channels:  plane = f(expand(x)); filtered = f(depthwise(plane)), and its sums
//! for each image:              its gates
//! for each chunk of channels:  filtered *= gates
//! for some rows and panels:    out = project(filtered) + x
//! ```
//!
//! A chunk's expanded plane lives in a thread's cache and is never written to memory; there is no barrier between
//! expansion and depthwise convolution, and no halo.

use crate::weights::Result;
use effnet_kernels::Precision;
use effnet_kernels::buffer::{Buffer, Shared};
use effnet_kernels::depthwise::{CHANNELS, Plane};
use effnet_kernels::gemm::{Job, Packed};
use effnet_kernels::narrow::narrow_in_place;
use effnet_kernels::view::{Rows, View, ViewMut};
use effnet_spec::{Activation, Block, Padding};

use super::Conventions;
use super::conv::Input;
use super::fold::{Source, fold};
use super::map::{Border, Map};
use super::profile::Kind;
use super::run::Run;
use super::squeeze_excite::{SqueezeExcite, scale};

/// Rows of a projection's task, about.
const TASK_ROWS: usize = 48;

/// Elements of the squeezed layer that a task computes.
const SQUEEZED: usize = 8;

/// Fewest tasks of a projection; with fewer its panels are cut too.
const FEWEST_TASKS: usize = 16;

/// One block, its weights packed.
#[derive(Debug)]
pub(super) struct MbConv {
    expand: Option<Packed>,
    /// `[chunk, tap, CHANNELS]` and `[chunk, CHANNELS]`.
    filter: Buffer,
    filter_bias: Buffer,
    kernel: usize,
    stride: usize,
    padding: Padding,
    squeeze: Option<SqueezeExcite>,
    project: Packed,
    shortcut: bool,
    in_channels: usize,
    chunks: usize,
    activation: Activation,
}

/// Memory between the phases, of a batch.
pub(super) struct Between<'a> {
    /// `[N, chunk, pixel, CHANNELS]`
    pub filtered: &'a mut [f32],
    /// `[N, chunk, CHANNELS]`
    pub sums: &'a mut [f32],
    /// `[N, squeezed]`
    pub squeezed: &'a mut [f32],
}

impl MbConv {
    pub(super) fn new(source: &dyn Source, name: &str, block: &Block, with: &Conventions) -> Result<Self> {
        let Block { kernel, stride, in_channels, expanded, out_channels, squeezed, .. } = *block;
        let Conventions { level, padding, eps, activation, .. } = *with;
        let (taps, chunks) = (kernel * kernel, expanded.div_ceil(CHANNELS));
        let padded = chunks * CHANNELS;
        let expand = (block.expansion != 1)
            .then(|| fold(source, &format!("{name}.expand_conv"), expanded, in_channels, eps))
            .transpose()?
            .map(|mut folded| {
                // Channels that only fill the last chunk up are zeros throughout.
                folded.weight.resize(padded * in_channels, 0.0);
                folded.bias.resize(padded, 0.0);
                Packed::in_precision(level, with.precision(in_channels), &folded.weight, padded, &folded.bias)
            });
        let folded = fold(source, &format!("{name}.dwconv"), expanded, taps, eps)?;
        let (mut filter, mut filter_bias) = (Buffer::zeros(padded * taps), Buffer::zeros(padded));
        filter_bias[..expanded].copy_from_slice(&folded.bias);
        for (channel, kernel) in folded.weight.chunks_exact(taps).enumerate() {
            let (chunk, lane) = (channel / CHANNELS, channel % CHANNELS);
            for (tap, value) in kernel.iter().enumerate() {
                filter[(chunk * taps + tap) * CHANNELS + lane] = *value;
            }
        }
        let squeeze = (squeezed > 0)
            .then(|| SqueezeExcite::new(source, &format!("{name}.se"), (expanded, padded), squeezed, activation))
            .transpose()?;
        let folded = fold(source, &format!("{name}.project_conv"), out_channels, expanded, eps)?;
        let mut rows = vec![0.0; out_channels * padded];
        for (from, to) in folded.weight.chunks_exact(expanded).zip(rows.chunks_exact_mut(padded)) {
            to[..expanded].copy_from_slice(from);
        }
        let project = Packed::in_precision(level, with.precision(padded), &rows, out_channels, &folded.bias);
        let shortcut = block.has_shortcut();
        Ok(Self {
            expand,
            filter,
            filter_bias,
            kernel,
            stride,
            padding,
            squeeze,
            project,
            shortcut,
            in_channels,
            chunks,
            activation,
        })
    }

    pub(super) fn bytes(&self) -> usize {
        let squeeze = self.squeeze.as_ref().map_or(0, SqueezeExcite::bytes);
        let filter = (self.filter.len() + self.filter_bias.len()) * size_of::<f32>();
        self.expand.as_ref().map_or(0, Packed::bytes) + filter + squeeze + self.project.bytes()
    }

    /// Whether it reads its map in bf16.
    pub(super) fn reads_bf16(&self) -> bool {
        self.expand.as_ref().is_some_and(|expand| expand.precision() == Precision::Bf16)
    }

    pub(super) fn out_channels(&self) -> usize {
        self.project.columns()
    }

    pub(super) fn output(&self, size: (usize, usize)) -> (usize, usize) {
        (size.0.div_ceil(self.stride), size.1.div_ceil(self.stride))
    }

    /// The plane of a chunk, with its border.
    fn plane(&self, size: (usize, usize)) -> Map {
        Map { size, channels: CHANNELS, border: Border::of_window(self.padding, size, self.kernel, self.stride) }
    }

    /// Floats between the phases for an image of this size: filtered maps, sums, squeezed layers.
    pub(super) fn between(&self, size: (usize, usize)) -> [usize; 3] {
        let (height, width) = self.output(size);
        let padded = self.chunks * CHANNELS;
        [height * width * padded, padded, self.squeeze.as_ref().map_or(0, |squeeze| squeeze.squeezed)]
    }

    /// Floats of scratch memory of a task.
    pub(super) fn scratch(&self, size: (usize, usize)) -> usize {
        self.plane(size).image()
    }

    pub(super) fn run(&self, run: &Run<'_>, x: Input<'_>, mut between: Between<'_>, out: &mut [f32], map: Map) {
        self.filter(run, x, &mut between, map.size);
        let pixels = map.size.0 * map.size.1;
        if let Some(squeeze) = &self.squeeze {
            self.excite(run, squeeze, &mut between, pixels);
        }
        self.project(run, x, &between, out, map);
    }

    /// Expansion and depthwise convolution.
    fn filter(&self, run: &Run<'_>, x: Input<'_>, between: &mut Between<'_>, output: (usize, usize)) {
        let (chunks, taps, plane) = (self.chunks, self.kernel * self.kernel, self.plane(x.map.size));
        let pixels = output.0 * output.1;
        let (filtered, sums) = (Shared::new(between.filtered), Shared::new(between.sums));
        let macs =
            run.batch * (chunks * CHANNELS * pixels * taps + x.map.size.0 * x.map.size.1 * self.macs_of_expand());
        run.for_each(Kind::ExpandDepthwise, macs as u64, run.batch * chunks, |task, scratch| {
            // Images of one chunk follow each other: its weights are in the cache for all but the first.
            let (chunk, image) = (task / run.batch, task % run.batch);
            let scratch = &mut scratch[..plane.image()];
            plane.clear_border(1, scratch);
            self.expand(run, x, image, chunk, scratch, plane);
            let at = image * chunks + chunk;
            // SAFETY: each task has an image and chunk of its own.
            let (out, sums) = unsafe {
                (filtered.part(at * pixels * CHANNELS, pixels * CHANNELS), sums.part(at * CHANNELS, CHANNELS))
            };
            Plane {
                kernel: self.kernel,
                stride: self.stride,
                x: scratch,
                x_width: plane.line() / CHANNELS,
                weight: &self.filter[chunk * taps * CHANNELS..][..taps * CHANNELS],
                bias: &self.filter_bias[chunk * CHANNELS..][..CHANNELS],
                size: output,
                out,
                sums,
                activation: Some(self.activation),
                precision: self.project.precision(),
            }
            .run(run.level);
            if self.squeeze.is_none() {
                self.finish(run, out, None);
            }
        });
    }

    fn macs_of_expand(&self) -> usize {
        self.expand.as_ref().map_or(0, Packed::macs)
    }

    /// Makes a plane, times its gates where it has some, what the projection reads.
    fn finish(&self, run: &Run<'_>, plane: &mut [f32], gates: Option<&[f32]>) {
        match (self.project.precision(), gates) {
            (Precision::Bf16, gates) => narrow_in_place(run.level, plane, gates),
            (Precision::F32, Some(gates)) => scale(run.level, plane, gates),
            (Precision::F32, None) => {}
        }
    }

    /// Fills a chunk's plane: from the expansion, or from the map itself where there is none.
    fn expand(&self, run: &Run<'_>, x: Input<'_>, image: usize, chunk: usize, out: &mut [f32], plane: Map) {
        let (height, width) = x.map.size;
        let Some(expand) = &self.expand else {
            let first = chunk * CHANNELS;
            let count = CHANNELS.min(self.in_channels - first);
            for y in 0..height {
                let (from, to) = (x.map.pixels(image, y, 0), plane.pixels(0, y, 0));
                for column in 0..width {
                    let pixel = &mut out[to.start + column * to.row..][..CHANNELS];
                    pixel[..count].copy_from_slice(&x.data[from.start + column * from.row + first..][..count]);
                    pixel[count..].fill(0.0);
                }
            }
            return;
        };
        let panels = CHANNELS / expand.width();
        let (data, map) = x.of(expand);
        let (a, out) = (map.pixels(image, 0, 0), ViewMut::new(Shared::new(out), plane.pixels(0, 0, 0)));
        let job = Job {
            panels: (chunk * panels, (chunk + 1) * panels),
            activation: Some(self.activation),
            ..Job::new(expand, (height, width), View::new(data, a), out)
        };
        // SAFETY: `out` is the caller's own.
        unsafe { job.run(run.level) }
    }

    /// Squeeze-and-excitation: the images' sums become the factors of their channels, and the planes are multiplied by them.
    fn excite(&self, run: &Run<'_>, squeeze: &SqueezeExcite, between: &mut Between<'_>, pixels: usize) {
        let Between { filtered, sums, squeezed } = between;
        let padded = self.chunks * CHANNELS;
        let (size, parts) = (squeeze.squeezed, squeeze.squeezed.div_ceil(SQUEEZED));
        let macs = squeeze.macs() * run.batch as u64 / 2;
        {
            let (squeezed, sums) = (Shared::new(squeezed), &*sums);
            run.for_each(Kind::SqueezeExcite, macs, run.batch * parts, |task, _| {
                let (image, first) = (task / parts, task % parts * SQUEEZED);
                // SAFETY: each task has an image and elements of its own.
                let out = unsafe { squeezed.part(image * size + first, SQUEEZED.min(size - first)) };
                squeeze.squeeze(run.level, &sums[image * padded..][..padded], pixels, first, out);
            });
        }
        let (filtered, sums) = (Shared::new(filtered), Shared::new(sums));
        run.for_each(Kind::SqueezeExcite, macs, run.batch * self.chunks, |at, _| {
            let (image, chunk) = (at / self.chunks, at % self.chunks);
            // SAFETY: each task has an image and chunk of its own.
            let (plane, gates) = unsafe {
                (filtered.part(at * pixels * CHANNELS, pixels * CHANNELS), sums.part(at * CHANNELS, CHANNELS))
            };
            squeeze.gates(run.level, &squeezed[image * size..][..size], chunk * CHANNELS, gates);
            self.finish(run, plane, Some(gates));
        });
    }

    /// The projection, cut into rows of pixels, and into panels where the rows are few.
    fn project(&self, run: &Run<'_>, x: Input<'_>, between: &Between<'_>, out: &mut [f32], map: Map) {
        let project = &self.project;
        let pixels = map.size.0 * map.size.1;
        let image_floats = self.chunks * pixels * CHANNELS;
        // Over a map without a border all pixels are one line; else tasks are whole lines.
        let (lines, width) = map.lines();
        let (cut_lines, cut_rows) = if lines == 1 {
            (1, width.div_ceil((width / TASK_ROWS).max(1)))
        } else {
            (TASK_ROWS.div_ceil(width), width)
        };
        let (down, across) = (lines.div_ceil(cut_lines), width.div_ceil(cut_rows));
        let row_tasks = run.batch * down * across;
        let panel_tasks = FEWEST_TASKS.div_ceil(row_tasks).min(project.panels());
        let panels = project.panels();
        let out = Shared::new(out);
        let macs = (run.batch * pixels * project.macs()) as u64;
        // Floats of a pixel in a chunk's plane.
        let step = project.depth() / self.chunks;
        run.for_each(Kind::Project, macs, row_tasks * panel_tasks, |task, _| {
            let (at, part) = (task % row_tasks, task / row_tasks);
            let (image, at) = (at / (down * across), at % (down * across));
            let (line, row) = (at / across * cut_lines, at % across * cut_rows);
            let panels = (part * panels / panel_tasks, (part + 1) * panels / panel_tasks);
            let column = panels.0 * project.width();
            let place = |map: &Map| {
                let rows = map.pixels(image, line, 0);
                Rows { start: rows.start + row * rows.row + column, ..rows }
            };
            let (task_lines, task_rows) = (cut_lines.min(lines - line), cut_rows.min(width - row));
            // A row's channels lie in the chunks' planes.
            let first = image * image_floats + (line * width + row) * step;
            let a = View::new(between.filtered, Rows { start: first, line: width * step, row: step });
            let job = Job {
                panels,
                segments: self.chunks,
                segment_stride: pixels * CHANNELS,
                residual: self.shortcut.then(|| View::new(x.data, place(&x.map))),
                ..Job::new(project, (task_lines, task_rows), a, ViewMut::new(out, place(&map)))
            };
            // SAFETY: tasks write rows and columns of their own.
            unsafe { job.run(run.level) }
        });
    }
}
