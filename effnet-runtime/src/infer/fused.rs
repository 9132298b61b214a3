//! Fused-MBConv: the k×k convolution's results go to the projection while they are in the cache.

use crate::weights::Result;
use effnet_kernels::Precision;
use effnet_kernels::buffer::Shared;
use effnet_kernels::gemm::{Job, Packed};
use effnet_kernels::narrow::narrow_in_place;
use effnet_kernels::view::{Rows, View, ViewMut};
use effnet_spec::plan::{self, ConvKind, LayerKind};

use super::Conventions;
use super::conv::{Conv, Input, product};
use super::fold::{Named, Source};
use super::map::{Border, Map};
use super::run::Run;
use super::schedule::{Between, Schedule};

/// One block, its weights packed.
#[derive(Debug)]
pub(super) struct Fused {
    conv: Conv,
    project: Option<Packed>,
    shortcut: bool,
}

/// The layers of a block that this schedule computes.
pub(super) struct Parts<'a> {
    conv: Named<'a, plan::Conv>,
    project: Option<Named<'a, plan::Conv>>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(layers: &'a [(String, LayerKind)]) -> Option<Self> {
        use LayerKind::Conv;
        let (conv, project) = match layers {
            [(name, Conv(conv))] => ((&**name, conv), None),
            [(name, Conv(conv)), (last, Conv(project))] => ((&**name, conv), Some((&**last, project))),
            _ => return None,
        };
        let fits = conv.1.kind == ConvKind::Dense
            && conv.1.activation.is_some()
            && project.is_none_or(|(_, project)| project.is_pointwise() && project.activation.is_none());
        fits.then_some(Self { conv, project })
    }
}

impl Fused {
    pub(super) fn new(source: &dyn Source, parts: &Parts<'_>, shortcut: bool, with: &Conventions) -> Result<Self> {
        let conv = Conv::new(source, parts.conv, with.precision(parts.conv.1.in_channels), with)?;
        let project = parts.project.map(|layer| product(source, layer, with.precision(layer.1.in_channels), with));
        Ok(Self { conv, project: project.transpose()?, shortcut })
    }

    /// Area by area: the convolution into scratch memory, and the projection from there.
    fn run_together(&self, run: &Run<'_>, x: Input<'_>, project: &Packed, out: &mut [f32], map: Map) {
        let out = Shared::new(out);
        let (cut, channels) = (self.conv.cut(map.size), self.conv.weights.out_channels());
        let macs = (self.conv.weights.macs() + project.macs()) * run.batch * map.size.0 * map.size.1;
        run.for_each(self.conv.kind(), macs, cut.tasks(run.batch), |task, scratch| {
            let area = cut.area(task);
            let (expanded, scratch) = scratch.split_at_mut(cut.height * cut.width * channels);
            let rows = |floats| Rows { start: 0, line: area.width * floats, row: floats };
            // SAFETY: `expanded` is this task's own, and areas are disjoint; what it reads is borrowed, and no part of
            // `out`.
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
}

impl Schedule for Fused {
    fn reads_bf16(&self) -> bool {
        self.conv.weights.reads() == Precision::Bf16
    }

    fn out_channels(&self) -> usize {
        self.project.as_ref().map_or(self.conv.weights.out_channels(), Packed::columns)
    }

    fn output(&self, size: (usize, usize)) -> (usize, usize) {
        self.conv.window.output(size)
    }

    fn border(&self, size: (usize, usize)) -> Border {
        self.conv.border(size)
    }

    fn scratch(&self, size: (usize, usize)) -> usize {
        let output = self.output(size);
        let cut = self.conv.cut(output);
        let expanded = self.project.as_ref().map_or(0, |_| cut.height * cut.width * self.conv.weights.out_channels());
        self.conv.weights.scratch(output) + expanded
    }

    fn run(&self, run: &Run<'_>, x: Input<'_>, _: Between<'_>, out: &mut [f32], map: Map) {
        match &self.project {
            None => self.conv.run(run, x, out, map, self.shortcut.then_some(x)),
            Some(project) => self.run_together(run, x, project, out, map),
        }
    }
}
