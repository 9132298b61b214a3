//! The head: the last map to logits.

use crate::weights::Result;
use effnet_kernels::Precision;
use effnet_kernels::buffer::Shared;
use effnet_kernels::gemm::{Job, Packed};
use effnet_kernels::view::{Rows, View, ViewMut};
use effnet_spec::plan::{Linear, Param};
use effnet_spec::{Activation, Spec};

use super::Conventions;
use super::conv::{Input, product};
use super::fold::Source;
use super::profile::Kind;
use super::run::Run;

#[derive(Debug)]
pub(super) struct Head {
    conv: Packed,
    classifier: Packed,
    activation: Activation,
}

impl Head {
    pub(super) fn new(source: &dyn Source, spec: &Spec, num_classes: usize, with: &Conventions) -> Result<Self> {
        let (name, conv) = (spec.head().name(), spec.head_conv());
        let conv = product(source, (&name, &conv), with.precision(conv.in_channels), with)?;
        let read = |param: &Param| source.read(&format!("{}.{}", Linear::NAME, param.name), param.elements());
        let [weight, bias] = spec.classifier(num_classes).params();
        let classifier = Packed::from_rows(with.level, &read(&weight)?, num_classes, &read(&bias)?);
        Ok(Self { conv, classifier, activation: with.activation })
    }

    /// Whether it reads its map in bf16.
    pub(super) fn reads_bf16(&self) -> bool {
        self.conv.precision() == Precision::Bf16
    }

    /// Floats of an image's features.
    pub(super) fn features(&self) -> usize {
        self.conv.columns()
    }

    pub(super) fn scratch(&self, size: (usize, usize)) -> usize {
        size.0 * size.1 * self.conv.width()
    }

    /// A task computes one panel of the convolution for all pixels of an image, and leaves their mean.
    pub(super) fn run(&self, run: &Run<'_>, x: Input<'_>, features: &mut [f32], logits: &mut [f32]) {
        let (conv, panels) = (&self.conv, self.conv.panels());
        let pixels = x.map.size.0 * x.map.size.1;
        let (lines, rows) = x.map.lines();
        let (data, map) = x.of(conv.precision());
        let means = Shared::new(features);
        let macs = run.batch * pixels * conv.macs();
        run.for_each(Kind::Head, macs, run.batch * panels, |task, scratch| {
            let (panel, image) = (task / run.batch, task % run.batch);
            let first = panel * conv.width();
            let width = conv.width().min(conv.columns() - first);
            let scratch = &mut scratch[..pixels * width];
            let a = View::new(data, map.pixels(image, 0, 0));
            let out = ViewMut::new(Shared::new(scratch), Rows { start: 0, line: rows * width, row: width });
            let job = Job {
                panels: (panel, panel + 1),
                activation: Some(self.activation),
                ..Job::new(conv, (lines, rows), a, out)
            };
            // SAFETY: the scratch memory is this task's own, and so is its panel of the image's features; what it reads
            // is borrowed, and no part of either.
            let means = unsafe {
                job.run(run.level);
                means.part(image * conv.columns() + first, width)
            };
            means.fill(0.0);
            for pixel in scratch.chunks_exact(width) {
                means.iter_mut().zip(pixel).for_each(|(mean, value)| *mean += value);
            }
            means.iter_mut().for_each(|mean| *mean /= pixels as f32);
        });
        let (classifier, panels) = (&self.classifier, self.classifier.panels());
        let (logits, classes) = (Shared::new(logits), classifier.columns());
        let macs = run.batch * classifier.macs();
        run.for_each(Kind::Classifier, macs, panels, |panel, _| {
            let out = ViewMut::new(logits, Rows::contiguous(panel * classifier.width(), classes));
            let job = Job { panels: (panel, panel + 1), out, ..Job::plain(classifier, features, run.batch, logits) };
            // SAFETY: each task writes columns of its own; what it reads is borrowed, and no part of `logits`.
            unsafe { job.run(run.level) }
        });
    }
}
