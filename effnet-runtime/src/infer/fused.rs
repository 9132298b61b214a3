//! Fused-MBConv: the k×k convolution's results go to the projection while they are in the cache.

use crate::weights::Result;
use effnet_kernels::Precision;
use effnet_kernels::buffer::Shared;
use effnet_kernels::gemm::{Job, Packed};
use effnet_kernels::narrow::narrow_in_place;
use effnet_kernels::view::{Rows, View, ViewMut};
use effnet_spec::plan::{self, ConvKind, LayerKind};

use super::conv::{Conv, Input, product};
use super::fold::{Named, Source};
use super::map::{Border, Map};
use super::run::Run;
use super::schedule::{Between, Schedule};
use super::squeeze_excite::{SqueezeExcite, scale};
use super::{Conventions, profile::Kind};

/// One block, its weights packed.
#[derive(Debug)]
pub(super) struct Fused {
    conv: Conv,
    squeeze: Option<SqueezeExcite>,
    project: Option<Packed>,
    shortcut: bool,
    in_channels: usize,
}

/// The layers of a block that this schedule computes.
pub(super) struct Parts<'a> {
    conv: Named<'a, plan::Conv>,
    squeeze: Option<Named<'a, plan::SqueezeExcite>>,
    project: Option<Named<'a, plan::Conv>>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(layers: &'a [(String, LayerKind)]) -> Option<Self> {
        use LayerKind::{Conv, SqueezeExcite};
        let (conv, squeeze, project) = match layers {
            [(name, Conv(conv))] => ((&**name, conv), None, None),
            [(se, SqueezeExcite(gate)), (name, Conv(conv))] => ((&**name, conv), Some((&**se, gate)), None),
            [(name, Conv(conv)), (last, Conv(project))] => ((&**name, conv), None, Some((&**last, project))),
            [(name, Conv(conv)), (se, SqueezeExcite(gate)), (last, Conv(project))] => {
                ((&**name, conv), Some((&**se, gate)), Some((&**last, project)))
            }
            _ => return None,
        };
        let fits = conv.1.kind == ConvKind::Dense
            && conv.1.activated
            && project.is_none_or(|(_, project)| project.is_pointwise() && !project.activated);
        fits.then_some(Self { conv, squeeze, project })
    }
}

impl Fused {
    pub(super) fn new(source: &dyn Source, parts: &Parts<'_>, shortcut: bool, with: &Conventions) -> Result<Self> {
        // Squeeze-and-excitation multiplies whole maps between the two convolutions, in f32.
        let precision = |channels| if parts.squeeze.is_some() { Precision::F32 } else { with.precision(channels) };
        let in_channels = parts.conv.1.in_channels;
        let conv = Conv::new(source, parts.conv, precision(in_channels), with)?;
        let squeeze = parts.squeeze.map(|layer| SqueezeExcite::new(source, layer, layer.1.channels, with.activation));
        let project = parts.project.map(|layer| product(source, layer, precision(layer.1.in_channels), with));
        let (squeeze, project) = (squeeze.transpose()?, project.transpose()?);
        Ok(Self { conv, squeeze, project, shortcut, in_channels })
    }

    /// The map between the two convolutions, or in front of the only one, where squeeze-and-excitation needs it whole.
    fn wide(&self, size: (usize, usize)) -> Map {
        match self.project {
            Some(_) => Map { size: self.output(size), channels: self.conv.out_channels(), border: Border::default() },
            None => Map { size, channels: self.in_channels, border: self.border(size) },
        }
    }

    /// Area by area: the convolution into scratch memory, and the projection from there.
    fn run_together(&self, run: &Run<'_>, x: Input<'_>, project: &Packed, out: &mut [f32], map: Map) {
        let out = Shared::new(out);
        let (cut, channels) = (self.conv.cut(map.size), self.conv.out_channels());
        let macs = self.conv.macs() + project.macs() as u64;
        let macs = macs * (run.batch * map.size.0 * map.size.1) as u64;
        run.for_each(self.conv.kind(), macs, cut.tasks(run.batch), |task, scratch| {
            let area = cut.area(task);
            let (expanded, scratch) = scratch.split_at_mut(cut.height * cut.width * channels);
            let rows = |floats| Rows { start: 0, line: area.width * floats, row: floats };
            // SAFETY: `expanded` is this task's own, and areas are disjoint.
            unsafe {
                let to = ViewMut::new(Shared::new(expanded), rows(channels));
                self.conv.area(run.level, x, area, to, None, scratch);
                if project.precision() == Precision::Bf16 {
                    narrow_in_place(run.level, &mut expanded[..area.height * area.width * channels], None);
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
            scale(run.level, image, squeeze.gates_of(run.level, image, pixels, scratch));
        });
    }
}

impl Schedule for Fused {
    fn bytes(&self) -> usize {
        let squeeze = self.squeeze.as_ref().map_or(0, SqueezeExcite::bytes);
        self.conv.bytes() + squeeze + self.project.as_ref().map_or(0, Packed::bytes)
    }

    fn reads_bf16(&self) -> bool {
        self.conv.reads_bf16()
    }

    fn out_channels(&self) -> usize {
        self.project.as_ref().map_or(self.conv.out_channels(), Packed::columns)
    }

    fn output(&self, size: (usize, usize)) -> (usize, usize) {
        self.conv.output(size)
    }

    fn border(&self, size: (usize, usize)) -> Border {
        self.conv.border(size)
    }

    fn between(&self, size: (usize, usize)) -> [usize; 3] {
        [self.squeeze.as_ref().map_or(0, |_| self.wide(size).image()), 0, 0]
    }

    fn scratch(&self, size: (usize, usize)) -> usize {
        let output = self.output(size);
        let cut = self.conv.cut(output);
        let gates = self.squeeze.as_ref().map_or(0, SqueezeExcite::scratch);
        let expanded = self.project.as_ref().map_or(0, |_| cut.height * cut.width * self.conv.out_channels());
        (self.conv.scratch(output) + expanded).max(gates)
    }

    fn run(&self, run: &Run<'_>, x: Input<'_>, between: Between<'_>, out: &mut [f32], map: Map) {
        let residual = self.shortcut.then_some(x);
        match (&self.squeeze, &self.project) {
            (Some(squeeze), project) => self.run_apart(run, x, squeeze, project.as_ref(), between.wide, out, map),
            (None, None) => self.conv.run(run, x, out, map, residual),
            (None, Some(project)) => self.run_together(run, x, project, out, map),
        }
    }
}
