//! The head: the last map to embeddings, and to logits.

use crate::weights::Result;
use effnet_kernels::Precision;
use effnet_kernels::buffer::Shared;
use effnet_kernels::gemm::{Job, Packed};
use effnet_kernels::view::{Rows, View, ViewMut};
use effnet_spec::plan::{LayerKind, Linear, PooledConv, Site};
use effnet_spec::{Activation, Spec};

use super::Conventions;
use super::conv::{Input, product};
use super::fold::Source;
use super::profile::Kind;
use super::run::Run;

#[derive(Debug)]
pub(super) struct Head {
    means: Means,
    pooled: Option<Pooled>,
    classifier: Option<Packed>,
}

/// What the means over pixels are taken of.
#[derive(Debug)]
enum Means {
    /// A convolution's results.
    Conv(Packed, Option<Activation>),
    /// The last block's map, of so many channels.
    Map(usize),
}

/// A convolution of the means.
#[derive(Debug)]
struct Pooled {
    conv: Packed,
    activation: Activation,
}

/// Floats of a batch's means and of what a pooled head makes of them.
pub(super) struct Features<'a> {
    pub means: &'a mut [f32],
    pub pooled: &'a mut [f32],
}

impl Head {
    pub(super) fn new(source: &dyn Source, spec: &Spec, num_classes: usize, with: &Conventions) -> Result<Self> {
        let (mut means, mut pooled) = (Means::Map(spec.last_channels()), None);
        if let Some(site) = spec.head() {
            match &site.layer.kind {
                LayerKind::Conv(conv) => {
                    let packed = product(source, (&site.name(), conv), with.precision(conv.in_channels), with)?;
                    means = Means::Conv(packed, conv.activation);
                }
                LayerKind::Pooled(conv) => pooled = Some(Pooled::new(source, &site, conv, with)?),
                LayerKind::SqueezeExcite(_) => {
                    let message =
                        format!("the engine has no head that ends in the squeeze-and-excitation `{}`", site.name());
                    return Err(candle_core::Error::msg(message).into());
                }
            }
        }
        let classifier = spec.classifier(num_classes).map(|classifier| {
            let [weight, bias] = classifier
                .params()
                .map(|param| source.read(&format!("{}.{}", Linear::NAME, param.name), param.elements()));
            Ok::<_, crate::weights::Error>(Packed::from_rows(with.level, &weight?, num_classes, &bias?))
        });
        Ok(Self { means, pooled, classifier: classifier.transpose()? })
    }

    /// Whether it reads its map in bf16.
    pub(super) fn reads_bf16(&self) -> bool {
        matches!(&self.means, Means::Conv(conv, _) if conv.precision() == Precision::Bf16)
    }

    /// Floats of an image's means, and of what a pooled head makes of them.
    pub(super) fn features(&self) -> [usize; 2] {
        let means = match &self.means {
            Means::Conv(conv, _) => conv.columns(),
            Means::Map(channels) => *channels,
        };
        [means, self.pooled.as_ref().map_or(0, |pooled| pooled.conv.columns())]
    }

    /// Width of an image's embeddings.
    pub(super) fn width(&self) -> usize {
        match self.features() {
            [means, 0] => means,
            [_, pooled] => pooled,
        }
    }

    pub(super) fn scratch(&self, size: (usize, usize)) -> usize {
        match &self.means {
            Means::Conv(conv, _) => size.0 * size.1 * conv.width(),
            Means::Map(_) => 0,
        }
    }

    /// Embeddings of a batch.
    pub(super) fn embed<'a>(&self, run: &Run<'_>, x: Input<'_>, features: Features<'a>) -> &'a [f32] {
        match &self.means {
            Means::Conv(conv, activation) => conv_means(run, x, conv, *activation, features.means),
            Means::Map(_) => map_means(run, x, features.means),
        }
        let Some(Pooled { conv, activation }) = &self.pooled else { return features.means };
        multiply(run, Kind::Head, conv, Some(*activation), features.means, features.pooled);
        features.pooled
    }

    /// Logits of a batch's embeddings; without classes, the embeddings themselves.
    pub(super) fn classify(&self, run: &Run<'_>, embeddings: &[f32], logits: &mut [f32]) {
        match &self.classifier {
            Some(classifier) => multiply(run, Kind::Classifier, classifier, None, embeddings, logits),
            None => logits.copy_from_slice(embeddings),
        }
    }
}

impl Pooled {
    fn new(source: &dyn Source, site: &Site, conv: &PooledConv, with: &Conventions) -> Result<Self> {
        let params = conv.params().into_iter();
        let values = params.map(|(module, param)| source.read(&module.name_of(&site.name(), &param), param.elements()));
        let mut values = values.collect::<Result<Vec<_>>>()?.into_iter();
        let (weight, bias) = (values.next().unwrap_or_default(), values.next());
        let bias = bias.unwrap_or_else(|| vec![0.0; conv.out_channels]);
        let packed = Packed::from_rows(with.level, &weight, conv.out_channels, &bias);
        Ok(Self { conv: packed, activation: conv.activation })
    }
}

/// Each task multiplies the batch's rows by one panel.
fn multiply(run: &Run<'_>, kind: Kind, by: &Packed, activation: Option<Activation>, rows: &[f32], out: &mut [f32]) {
    let (out, columns) = (Shared::new(out), by.columns());
    run.for_each(kind, run.batch * by.macs(), by.panels(), |panel, _| {
        let to = ViewMut::new(out, Rows::contiguous(panel * by.width(), columns));
        let job = Job { panels: (panel, panel + 1), out: to, activation, ..Job::plain(by, rows, run.batch, out) };
        // SAFETY: each task writes columns of its own; what it reads is borrowed, and no part of `out`.
        unsafe { job.run(run.level) }
    });
}

/// A task computes one panel of the convolution for all pixels of an image, and leaves their mean.
fn conv_means(run: &Run<'_>, x: Input<'_>, conv: &Packed, activation: Option<Activation>, means: &mut [f32]) {
    let panels = conv.panels();
    let pixels = x.map.size.0 * x.map.size.1;
    let (lines, rows) = x.map.lines();
    let (data, map) = x.of(conv.precision());
    let means = Shared::new(means);
    let macs = run.batch * pixels * conv.macs();
    run.for_each(Kind::Head, macs, run.batch * panels, |task, scratch| {
        let (panel, image) = (task / run.batch, task % run.batch);
        let first = panel * conv.width();
        let width = conv.width().min(conv.columns() - first);
        let scratch = &mut scratch[..pixels * width];
        let a = View::new(data, map.pixels(image, 0, 0));
        let out = ViewMut::new(Shared::new(scratch), Rows { start: 0, line: rows * width, row: width });
        let job = Job { panels: (panel, panel + 1), activation, ..Job::new(conv, (lines, rows), a, out) };
        // SAFETY: the scratch memory is this task's own, and so is its panel of the image's means; what it reads is
        // borrowed, and no part of either.
        let means = unsafe {
            job.run(run.level);
            means.part(image * conv.columns() + first, width)
        };
        means.fill(0.0);
        for pixel in scratch.chunks_exact(width) {
            add(means, pixel);
        }
        means.iter_mut().for_each(|mean| *mean /= pixels as f32);
    });
}

/// A task leaves the means of an image's pixels.
fn map_means(run: &Run<'_>, x: Input<'_>, means: &mut [f32]) {
    let (channels, (height, width)) = (x.map.channels, x.map.size);
    let means = Shared::new(means);
    run.for_each(Kind::Head, 0, run.batch, |image, _| {
        // SAFETY: each task has an image of its own.
        let means = unsafe { means.part(image * channels, channels) };
        means.fill(0.0);
        for y in 0..height {
            let line = &x.data[x.map.pixels(image, y, 0).start..][..width * channels];
            line.chunks_exact(channels).for_each(|pixel| add(means, pixel));
        }
        means.iter_mut().for_each(|mean| *mean /= (height * width) as f32);
    });
}

fn add(sums: &mut [f32], values: &[f32]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
