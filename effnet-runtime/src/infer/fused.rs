//! Fused-MBConv: the k×k convolution's results go to the projection while they are in the cache.

use crate::weights::Result;
use effnet_kernels::Precision;
use effnet_kernels::buffer::Shared;
use effnet_kernels::gemm::{Job, Packed};
use effnet_kernels::narrow::narrow_in_place;
use effnet_kernels::view::{Rows, View, ViewMut};
use effnet_spec::Block;

use super::conv::{Conv, Input};
use super::fold::{Source, fold};
use super::map::{Border, Map};
use super::run::Run;
use super::squeeze_excite::{SqueezeExcite, scale};
use super::{Conventions, profile::Kind};

/// One block, its weights packed.
#[derive(Debug)]
pub(super) struct Fused {
    conv: Conv,
    squeeze: Option<SqueezeExcite>,
    project: Option<Packed>,
    shortcut: bool,
    expanded: usize,
    in_channels: usize,
}

impl Fused {
    pub(super) fn new(source: &dyn Source, name: &str, block: &Block, with: &Conventions) -> Result<Self> {
        let Block { kernel, stride, in_channels, expanded, out_channels, squeezed, .. } = *block;
        let Conventions { level, padding, eps, activation, .. } = *with;
        // Squeeze-and-excitation multiplies whole maps between the two convolutions, in f32.
        let precision = |channels| if squeezed > 0 { Precision::F32 } else { with.precision(channels) };
        let (conv, outputs) =
            if block.expansion == 1 { ("project_conv", out_channels) } else { ("expand_conv", expanded) };
        let folded = fold(source, &format!("{name}.{conv}"), outputs, in_channels * kernel * kernel, eps)?;
        let project = (block.expansion != 1)
            .then(|| fold(source, &format!("{name}.project_conv"), out_channels, expanded, eps))
            .transpose()?
            .map(|folded| Packed::in_precision(level, precision(expanded), &folded.weight, out_channels, &folded.bias));
        let squeeze = (squeezed > 0)
            .then(|| SqueezeExcite::new(source, &format!("{name}.se"), (expanded, expanded), squeezed, activation))
            .transpose()?;
        Ok(Self {
            conv: Conv::new(
                (level, precision(in_channels)),
                &folded,
                in_channels,
                (kernel, stride),
                padding,
                Some(activation),
            ),
            squeeze,
            project,
            shortcut: block.has_shortcut(),
            expanded,
            in_channels,
        })
    }

    pub(super) fn bytes(&self) -> usize {
        let squeeze = self.squeeze.as_ref().map_or(0, SqueezeExcite::bytes);
        self.conv.bytes() + squeeze + self.project.as_ref().map_or(0, Packed::bytes)
    }

    /// Whether it reads its map in bf16.
    pub(super) fn reads_bf16(&self) -> bool {
        self.conv.reads_bf16()
    }

    pub(super) fn out_channels(&self) -> usize {
        self.project.as_ref().map_or(self.conv.out_channels(), Packed::columns)
    }

    pub(super) fn output(&self, size: (usize, usize)) -> (usize, usize) {
        self.conv.output(size)
    }

    pub(super) fn border(&self, size: (usize, usize)) -> Border {
        self.conv.border(size)
    }

    /// The map between the two convolutions, or in front of the only one, where squeeze-and-excitation needs it whole.
    fn wide(&self, size: (usize, usize)) -> Map {
        match self.project {
            Some(_) => Map { size: self.output(size), channels: self.expanded, border: Border::default() },
            None => Map { size, channels: self.in_channels, border: self.border(size) },
        }
    }

    /// Floats of memory between its phases, for an image of this size.
    pub(super) fn between(&self, size: (usize, usize)) -> usize {
        self.squeeze.as_ref().map_or(0, |_| self.wide(size).image())
    }

    /// Floats of scratch memory of a task.
    pub(super) fn scratch(&self, size: (usize, usize)) -> usize {
        let output = self.output(size);
        let cut = self.conv.cut(output);
        let gates = self.squeeze.as_ref().map_or(0, |squeeze| self.expanded + squeeze.squeezed);
        (self.conv.scratch(output) + cut.height * cut.width * self.expanded).max(gates)
    }

    pub(super) fn run(&self, run: &Run<'_>, x: Input<'_>, between: &mut [f32], out: &mut [f32], map: Map) {
        let residual = self.shortcut.then_some(x);
        match (&self.squeeze, &self.project) {
            (Some(squeeze), project) => self.run_apart(run, x, squeeze, project.as_ref(), between, out, map),
            (None, None) => self.conv.run(run, x, out, map, residual),
            (None, Some(project)) => self.run_together(run, x, project, out, map),
        }
    }

    /// Area by area: the convolution into scratch memory, and the projection from there.
    fn run_together(&self, run: &Run<'_>, x: Input<'_>, project: &Packed, out: &mut [f32], map: Map) {
        let out = Shared::new(out);
        let cut = self.conv.cut(map.size);
        let macs = self.conv.macs() + project.macs() as u64;
        let macs = macs * (run.batch * map.size.0 * map.size.1) as u64;
        run.for_each(self.conv.kind(), macs, cut.tasks(run.batch), |task, scratch| {
            let area = cut.area(task);
            let (expanded, scratch) = scratch.split_at_mut(cut.height * cut.width * self.expanded);
            let rows = |floats| Rows { start: 0, line: area.width * floats, row: floats };
            // SAFETY: `expanded` is this task's own, and areas are disjoint.
            unsafe {
                self.conv.area(
                    run.level,
                    x,
                    area,
                    ViewMut::new(Shared::new(expanded), rows(self.expanded)),
                    None,
                    scratch,
                );
                if project.precision() == Precision::Bf16 {
                    narrow_in_place(run.level, &mut expanded[..area.height * area.width * self.expanded], None);
                }
                let pixels = |map: &Map| map.pixels(area.image, area.y, area.x);
                let (a, out) = (View::new(expanded, rows(project.depth())), ViewMut::new(out, pixels(&map)));
                Job {
                    residual: self.shortcut.then(|| View::new(x.data, pixels(&x.map))),
                    ..Job::new(project, (area.height, area.width), a, out)
                }
                .run(run.level);
            }
        });
    }

    /// With squeeze-and-excitation: it needs the whole map's sums before its first pixel.
    #[allow(clippy::too_many_arguments, reason = "the parts of `self` that are there, and a layer's five arguments")]
    fn run_apart(
        &self,
        run: &Run<'_>,
        x: Input<'_>,
        squeeze: &SqueezeExcite,
        project: Option<&Packed>,
        between: &mut [f32],
        out: &mut [f32],
        map: Map,
    ) {
        let wide = self.wide(x.map.size);
        let residual = self.shortcut.then_some(x);
        match project {
            Some(project) => {
                self.conv.run(run, x, between, wide, None);
                self.excite(run, squeeze, between, wide);
                let out = Shared::new(out);
                let (height, width) = map.size;
                let macs = (run.batch * height * width * project.macs()) as u64;
                run.for_each(Kind::Project, macs, run.batch * height, |task, _| {
                    let (image, y) = (task / height, task % height);
                    let a = View::new(between, wide.pixels(image, y, 0));
                    let job = Job {
                        residual: residual.map(|input| View::new(input.data, input.map.pixels(image, y, 0))),
                        ..Job::new(project, (1, width), a, ViewMut::new(out, map.pixels(image, y, 0)))
                    };
                    // SAFETY: each task writes a row of pixels of its own.
                    unsafe { job.run(run.level) }
                });
            }
            None => {
                between[..run.batch * wide.image()].copy_from_slice(&x.data[..run.batch * wide.image()]);
                self.excite(run, squeeze, between, wide);
                self.conv.run(run, Input { data: between, map: wide, narrow: &[] }, out, map, residual);
            }
        }
    }

    fn excite(&self, run: &Run<'_>, squeeze: &SqueezeExcite, data: &mut [f32], map: Map) {
        let pixels = map.size.0 * map.size.1;
        let data = Shared::new(data);
        run.for_each(Kind::SqueezeExcite, squeeze.macs() * run.batch as u64, run.batch, |image, scratch| {
            // SAFETY: each task has an image of its own.
            let image = unsafe { data.part(image * map.image(), map.image()) };
            // The border is zeros: it adds nothing to the sums, and stays zeros.
            let (sums, scratch) = scratch.split_at_mut(map.channels);
            let squeezed = &mut scratch[..squeeze.squeezed];
            sums.fill(0.0);
            for pixel in image.chunks_exact(map.channels) {
                sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += value);
            }
            squeeze.squeeze(run.level, sums, pixels, 0, squeezed);
            squeeze.gates(run.level, squeezed, 0, sums);
            scale(run.level, image, sums);
        });
    }
}
