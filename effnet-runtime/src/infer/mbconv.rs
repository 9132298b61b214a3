//! MBConv, in phases, each over all images:
//!
//! ```text
//! for each chunk of channels:  plane = f(expand(x)); filtered = f(depthwise(plane)), and its sums
//! for each image:              its gates
//! for each chunk of channels:  filtered *= gates
//! for some rows and panels:    out = project(filtered) + x
//! ```
//!
//! Filtered planes lie as `[N, chunk, pixel, CHANNELS]`, sums as `[N, chunk, CHANNELS]`. A chunk's expanded plane lives
//! in a thread's cache and is never written to memory; there is no barrier between expansion and depthwise convolution,
//! and no halo.

use crate::weights::Result;
use effnet_kernels::Precision;
use effnet_kernels::buffer::Shared;
use effnet_kernels::depthwise::CHANNELS;
use effnet_kernels::gemm::{Job, Packed};
use effnet_kernels::narrow::narrow_in_place;
use effnet_kernels::view::{Rows, View, ViewMut};
use effnet_spec::Activation;
use effnet_spec::plan::{self, Conv, ConvKind, LayerKind};

use super::Conventions;
use super::conv::Input;
use super::depthwise::{Depthwise, load_plane};
use super::fold::{Named, Source, fold};
use super::map::{Border, Map};
use super::profile::Kind;
use super::run::Run;
use super::schedule::{Between, Schedule};
use super::squeeze_excite::{SqueezeExcite, scale};

/// About how many rows a projection's task has.
const TASK_ROWS: usize = 48;

/// Elements of the squeezed layer that a task computes.
const SQUEEZED: usize = 8;

/// Fewest tasks of a projection; with fewer its panels are cut too.
const FEWEST_TASKS: usize = 16;

/// One block, its weights packed.
#[derive(Debug)]
pub(super) struct MbConv {
    expand: Option<Packed>,
    /// That of the expansion.
    activation: Option<Activation>,
    depthwise: Depthwise,
    squeeze: Option<SqueezeExcite>,
    project: Packed,
    shortcut: bool,
}

/// The layers of a block that these phases compute.
pub(super) struct Parts<'a> {
    expand: Option<Named<'a, Conv>>,
    depthwise: Named<'a, Conv>,
    squeeze: Option<Named<'a, plan::SqueezeExcite>>,
    project: Named<'a, Conv>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(layers: &'a [(String, LayerKind)]) -> Option<Self> {
        use LayerKind::{Conv, SqueezeExcite};
        let (expand, layers) = match layers {
            [(name, Conv(conv)), rest @ ..] if conv.is_pointwise() && conv.activation.is_some() => {
                (Some((&**name, conv)), rest)
            }
            _ => (None, layers),
        };
        let [(name, Conv(conv)), between @ .., (last, Conv(project))] = layers else { return None };
        let squeeze = match between {
            [] => None,
            [(name, SqueezeExcite(gate))] => Some((&**name, gate)),
            _ => return None,
        };
        let fits = conv.kind == ConvKind::Depthwise
            && conv.activation.is_some()
            && project.is_pointwise()
            && project.activation.is_none();
        fits.then_some(Self { expand, depthwise: (name, conv), squeeze, project: (last, project) })
    }
}

impl MbConv {
    pub(super) fn new(source: &dyn Source, parts: &Parts<'_>, shortcut: bool, with: &Conventions) -> Result<Self> {
        let Conventions { level, eps, .. } = *with;
        let activation = parts.expand.and_then(|(_, expand)| expand.activation);
        let expand = parts.expand.map(|layer| fold(source, layer, eps).map(|folded| (folded, layer.1)));
        let expand = expand.transpose()?.map(|(mut folded, &Conv { in_channels, out_channels, .. })| {
            let padded = out_channels.next_multiple_of(CHANNELS);
            // Channels that only fill the last chunk up are zeros throughout.
            folded.weight.resize(padded * in_channels, 0.0);
            folded.bias.resize(padded, 0.0);
            Packed::in_precision(level, with.precision(in_channels), &folded.weight, padded, &folded.bias)
        });
        let depthwise = Depthwise::new(source, parts.depthwise, with)?;
        let padded = depthwise.planes() * CHANNELS;
        let squeeze = parts.squeeze.map(|layer| SqueezeExcite::new(source, layer, padded)).transpose()?;
        let folded = fold(source, parts.project, eps)?;
        let Conv { in_channels, out_channels, .. } = *parts.project.1;
        let mut rows = vec![0.0; out_channels * padded];
        for (from, to) in folded.weight.chunks_exact(in_channels).zip(rows.chunks_exact_mut(padded)) {
            to[..in_channels].copy_from_slice(from);
        }
        let project = Packed::in_precision(level, with.precision(padded), &rows, out_channels, &folded.bias);
        Ok(Self { expand, activation, depthwise, squeeze, project, shortcut })
    }

    fn chunks(&self) -> usize {
        self.depthwise.planes()
    }

    /// Expansion and depthwise convolution.
    fn filter(&self, run: &Run<'_>, x: Input<'_>, between: &mut Between<'_>, output: (usize, usize)) {
        let (chunks, plane) = (self.chunks(), self.depthwise.plane(x.map.size));
        let pixels = output.0 * output.1;
        let (filtered, sums) = (Shared::new(between.wide), Shared::new(between.sums));
        let of_expand = self.expand.as_ref().map_or(0, Packed::macs);
        let macs = run.batch * (self.depthwise.macs() * pixels + x.map.size.0 * x.map.size.1 * of_expand);
        run.for_each(Kind::ExpandDepthwise, macs, run.batch * chunks, |task, scratch| {
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
            self.depthwise.run((run.level, self.project.precision()), chunk, (scratch, plane), out, sums);
            if self.squeeze.is_none() {
                self.finish(run, out, None);
            }
        });
    }

    /// Multiplies a plane by its gates, if it has some, and narrows it if the projection reads bf16.
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
        let Some(expand) = &self.expand else { return load_plane(x, image, chunk, out, plane) };
        let panels = CHANNELS / expand.width();
        let (data, map) = x.of(expand.precision());
        let (a, out) = (map.pixels(image, 0, 0), ViewMut::new(Shared::new(out), plane.pixels(0, 0, 0)));
        let job = Job {
            panels: (chunk * panels, (chunk + 1) * panels),
            activation: self.activation,
            ..Job::new(expand, (height, width), View::new(data, a), out)
        };
        // SAFETY: `out` is the caller's own; what it reads is borrowed, and no part of `out`.
        unsafe { job.run(run.level) }
    }

    /// Squeeze-and-excitation: the images' sums become the factors of their channels, and the planes are multiplied by
    /// them.
    fn excite(&self, run: &Run<'_>, squeeze: &SqueezeExcite, between: &mut Between<'_>, pixels: usize) {
        let Between { wide: filtered, sums, squeezed } = between;
        let padded = self.chunks() * CHANNELS;
        let (size, parts) = (squeeze.squeezed, squeeze.squeezed.div_ceil(SQUEEZED));
        let macs = squeeze.macs() * run.batch / 2;
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
        run.for_each(Kind::SqueezeExcite, macs, run.batch * self.chunks(), |at, _| {
            let (image, chunk) = (at / self.chunks(), at % self.chunks());
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
        let image_floats = self.chunks() * pixels * CHANNELS;
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
        let macs = run.batch * pixels * project.macs();
        // Floats of a pixel in a chunk's plane.
        let step = project.depth() / self.chunks();
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
            let a = View::new(between.wide, Rows { start: first, line: width * step, row: step });
            let job = Job {
                panels,
                segments: self.chunks(),
                segment_stride: pixels * CHANNELS,
                residual: self.shortcut.then(|| View::new(x.data, place(&x.map))),
                ..Job::new(project, (task_lines, task_rows), a, ViewMut::new(out, place(&map)))
            };
            // SAFETY: tasks write rows and columns of their own; what they read is borrowed, and no part of `out`.
            unsafe { job.run(run.level) }
        });
    }
}

impl Schedule for MbConv {
    fn reads_bf16(&self) -> bool {
        self.expand.as_ref().is_some_and(|expand| expand.precision() == Precision::Bf16)
    }

    fn out_channels(&self) -> usize {
        self.project.columns()
    }

    fn output(&self, size: (usize, usize)) -> (usize, usize) {
        self.depthwise.window.output(size)
    }

    /// It reads single pixels, and keeps the border in its planes.
    fn border(&self, _: (usize, usize)) -> Border {
        Border::default()
    }

    fn between(&self, size: (usize, usize)) -> [usize; 3] {
        let (height, width) = self.output(size);
        let padded = self.chunks() * CHANNELS;
        [height * width * padded, padded, self.squeeze.as_ref().map_or(0, |squeeze| squeeze.squeezed)]
    }

    fn scratch(&self, size: (usize, usize)) -> usize {
        self.depthwise.plane(size).image()
    }

    fn run(&self, run: &Run<'_>, x: Input<'_>, mut between: Between<'_>, out: &mut [f32], map: Map) {
        self.filter(run, x, &mut between, map.size);
        let pixels = map.size.0 * map.size.1;
        if let Some(squeeze) = &self.squeeze {
            self.excite(run, squeeze, &mut between, pixels);
        }
        self.project(run, x, &between, out, map);
    }
}
