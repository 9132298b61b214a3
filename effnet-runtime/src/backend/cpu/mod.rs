//! The CPU: maps are f32, and the operations between two convolutions are computed where the next one reads.

pub(crate) mod conv;
mod cross_entropy;
mod depthwise;
mod gate;
mod global_mean;
mod grad;
mod image_sums;
mod linear;
pub(crate) mod matmul;
pub(crate) mod norm_act;
mod parts;
mod pooled;
mod running;
mod scratch;
mod source;
#[cfg(feature = "train")]
mod update;

use std::time::Instant;

use candle_core::{CpuStorage, Result, Shape, Storage, Tensor, op::BackpropOp};
use effnet_kernels::Precision;
use effnet_kernels::simd::Level;
use effnet_kernels::threads;
use effnet_spec::Activation;

use super::Backend;
use super::layer::{BatchMoments, ConvNormAct, Norm, SqueezeExcite};
use super::moments::Moments;
use super::view::{View, view};
use super::window::{Geometry, Kind};
use crate::profile::Seconds;
use gate::Gate;
use grad::OwnGrad;
use norm_act::statistics::PartMoments;
use norm_act::{Normalisation, OfResult, Residual};
use pooled::Pooled;
use source::Source;

type Grad<'a> = super::Grad<'a, Cpu>;

/// The CPU at a SIMD level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpu {
    level: Level,
}

impl Cpu {
    /// The CPU at the level that is in use.
    pub(crate) fn new() -> Self {
        Self { level: Level::current() }
    }
}

/// A normalisation after its forward pass.
pub(crate) struct Normed {
    norm: Normalisation,
    activation: Option<Activation>,
    /// A factor on the result for each image.
    branch: Option<Vec<f32>>,
}

/// Floats of a map that a task passes over.
const TASK_FLOATS: usize = 1 << 15;

/// Floats that a task writes out of a lazy map: they stay in the L2 cache.
const WRITTEN_FLOATS: usize = 1 << 16;

/// Tasks that are wanted at least, where a cut can be finer.
const FEWEST_TASKS: usize = 16;

/// Most partial sums of a weight's gradient.
const MOST_PARTS: usize = 16;

/// Pixels of a map that a task passes over.
fn pixels_of_task(channels: usize) -> usize {
    (TASK_FLOATS / channels).max(1)
}

/// Cuts a map into tasks of whole pixels, and calls `each` with the number of the first one and their floats.
fn for_each_pixels(map: &mut [f32], channels: usize, each: impl Fn(usize, &mut [f32]) + Sync) {
    let pixels = pixels_of_task(channels);
    threads::current().for_each_chunk(map, pixels * channels, |at, floats| each(at * pixels, floats));
}

/// Values as a tensor that tracks nothing.
fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> Tensor {
    Tensor::from_storage(Storage::Cpu(CpuStorage::F32(values)), shape, BackpropOp::none(), false)
}

impl Backend for Cpu {
    const PRECISIONS: &'static [Precision] = &[Precision::F32];
    const IS_HOST: bool = true;

    type Elements = [f32];
    type View<'a> = View<'a>;
    type Map = Pooled;
    type Source<'a> = Source<'a>;
    type Grad = OwnGrad;
    type Moments = Option<PartMoments>;
    type Normed = Normed;
    type Gate = Gate;

    fn timed<R>(&self, f: impl FnOnce() -> Result<R>) -> Result<(R, Seconds)> {
        let begin = Instant::now();
        let result = f()?;
        let seconds = begin.elapsed().as_secs_f64();
        Ok((result, Box::new(move || seconds)))
    }

    fn view<'a>(&self, tensor: &'a Tensor) -> Result<View<'a>> {
        view(tensor)
    }

    fn source<'a>(&self, elements: &'a [f32], channels: usize) -> Source<'a> {
        Source::plain(elements, channels)
    }

    fn shorter<'short, 'long: 'short>(source: Source<'long>) -> Source<'short> {
        source
    }

    #[cfg(test)]
    fn map(&self, tensor: &Tensor) -> Result<Pooled> {
        Ok(Pooled::copy(&view(tensor)?))
    }

    fn tensor(&self, map: Pooled, shape: &Shape) -> Result<Tensor> {
        Ok(tensor(map.into_vec(), shape))
    }

    fn convolution(
        &self,
        geometry: &Geometry,
        x: Source<'_>,
        weight: &Tensor,
        wants_moments: bool,
    ) -> Result<(Pooled, Option<PartMoments>)> {
        let (weight, mut z) = (view(weight)?, Pooled::new(geometry.out_shape().elem_count()));
        let moments = match geometry.kind {
            Kind::Dense => conv::forward(self.level, geometry, x, &weight, &mut z, wants_moments),
            Kind::Depthwise => depthwise::forward(self.level, geometry, x, &weight, &mut z, wants_moments),
        };
        Ok((z, moments))
    }

    fn input_gradient(
        &self,
        geometry: &Geometry,
        grad: &Pooled,
        weight: &Tensor,
        onto: Option<Grad<'_>>,
    ) -> Result<OwnGrad> {
        let (weight, mut dx) = (view(weight)?, Pooled::new(geometry.in_count()));
        match geometry.kind {
            Kind::Dense => conv::backward_input(self.level, geometry, grad, &weight, &mut dx),
            Kind::Depthwise => depthwise::backward_input(self.level, geometry, grad, &weight, &mut dx),
        }
        let found = OwnGrad::from(dx);
        match onto {
            Some(other) => self.add(found, geometry.in_channels, other),
            None => Ok(found),
        }
    }

    fn weight_gradient(&self, geometry: &Geometry, x: Source<'_>, grad: &Pooled) -> Result<Tensor> {
        let gradient = match geometry.kind {
            Kind::Dense => conv::backward_weight(self.level, geometry, x, grad),
            Kind::Depthwise => depthwise::backward_weight(self.level, geometry, x, grad),
        };
        Ok(tensor(gradient, geometry.weight_shape()))
    }

    fn normalisation(
        &self,
        op: &ConvNormAct,
        geometry: &Geometry,
        _: &Pooled,
        moments: Option<PartMoments>,
        branch: Option<&[f32]>,
    ) -> Result<(Normed, Option<BatchMoments>)> {
        let (gamma, beta) = (op.gamma.to_vec1()?, op.beta.to_vec1()?);
        let (norm, moments) = match (&op.norm, moments) {
            (Norm::Running { mean, variance }, _) => {
                let (mean, variance): (Vec<f32>, Vec<f32>) = (mean.to_vec1()?, variance.to_vec1()?);
                (Normalisation::new(&mean, &variance, &gamma, &beta, op.eps, None), None)
            }
            (_, None) => candle_core::bail!("a convolution left no moments of its result"),
            (norm, Some(parts)) => {
                let own = if norm.counts_own() { parts.join() } else { Moments::none(geometry.out_channels) };
                let ranks = norm.ranks();
                let found = if let Some(ranks) = ranks { own.of_all(ranks.as_ref())? } else { own };
                let (mean, variance) = (found.mean(), found.variance());
                let count = norm.counts_own().then_some(found.pixels());
                let norm = Normalisation::new(&mean, &variance, &gamma, &beta, op.eps, count);
                let variance = tensor(found.unbiased_variance(), geometry.out_channels);
                let moments = BatchMoments { mean: tensor(mean, geometry.out_channels), variance };
                (Normalisation { ranks: ranks.cloned(), ..norm }, Some(moments))
            }
        };
        Ok((Normed { norm, activation: op.activation, branch: branch.map(<[f32]>::to_vec) }, moments))
    }

    fn normed<'a>(&self, z: &'a Pooled, normed: &'a Normed) -> Option<Source<'a>> {
        Some(Source::normed(z, &normed.norm, normed.activation))
    }

    fn norm_act(&self, z: &Pooled, normed: &Normed, residual: Option<&[f32]>) -> Result<Pooled> {
        let Normed { norm, activation, branch } = normed;
        let branch = branch.as_deref().unwrap_or(&[1.0]);
        let residual = residual.map(|values| Residual { values, branch });
        let mut output = Pooled::new(z.len());
        norm_act::forward(self.level, z, &mut output, norm, *activation, residual);
        Ok(output)
    }

    fn norm_gradients(&self, z: &Pooled, normed: &Normed, grad: Grad<'_>) -> Result<(Pooled, [Tensor; 2])> {
        let (mut dz, affine, values) = match grad {
            Grad::Own(OwnGrad { values, affine }) => (values, affine, None),
            Grad::Lent(values) => (Pooled::new(z.len()), None, Some(values)),
        };
        let affine = affine.as_ref().map(|affine| affine.each_ref().map(Vec::as_slice));
        let of_result = OfResult { affine, branch: normed.branch.as_deref() };
        let found = norm_act::backward(self.level, z, values, of_result, &normed.norm, normed.activation, &mut dz)?;
        let channels = normed.norm.scale.len();
        Ok((dz, found.map(|gradient| tensor(gradient, channels))))
    }

    fn gate(&self, op: &SqueezeExcite, images: usize, squeezed: usize, x: Source<'_>) -> Result<Gate> {
        let share = 1.0 / (x.pixels() / images) as f32;
        let mut mean = image_sums::sums(self.level, x, images);
        mean.iter_mut().for_each(|mean| *mean *= share);
        Gate::open(op, mean, images, squeezed)
    }

    fn gated<'a>(&self, x: Source<'a>, gate: &'a Gate) -> Option<Source<'a>> {
        (!x.is_gated()).then(|| x.gated(&gate.values))
    }

    fn scale(&self, x: Source<'_>, gate: &Gate) -> Result<Pooled> {
        let Some(gated) = self.gated(x, gate) else {
            let map = x.to_map(self.level);
            return self.scale(Source::plain(&map, x.channels()), gate);
        };
        Ok(gated.to_map(self.level))
    }

    fn gate_gradients(
        &self,
        x: Source<'_>,
        gate: &Gate,
        grad: Grad<'_>,
        wants_input: bool,
    ) -> Result<(Option<OwnGrad>, [Tensor; 4])> {
        let grad = match grad {
            Grad::Own(grad) => Grad::Own(self.written(grad, x.channels())),
            lent => lent,
        };
        let images = gate.images();
        let (of_mean, params) = gate.backward(image_sums::products(self.level, x, grad.elements(), images));
        let input = wants_input.then(|| {
            let share = 1.0 / (x.pixels() / images) as f32;
            let added = of_mean.iter().map(|gradient| gradient * share).collect();
            let values = match grad {
                Grad::Own(grad) => grad.values,
                Grad::Lent(grad) => Pooled::copy(grad),
            };
            OwnGrad { values, affine: Some([gate.values.clone(), added]) }
        });
        Ok((input, params))
    }

    fn written(&self, grad: OwnGrad, channels: usize) -> OwnGrad {
        grad.written(self.level, channels)
    }

    fn add(&self, to: OwnGrad, channels: usize, other: Grad<'_>) -> Result<OwnGrad> {
        let mut sum = self.written(to, channels);
        match other {
            Grad::Lent(other) => grad::add(&mut sum.values, other),
            Grad::Own(other) => grad::add(&mut sum.values, &self.written(other, channels).values),
        }
        Ok(sum)
    }

    fn gradient(&self, grad: OwnGrad, shape: &Shape) -> Result<Tensor> {
        self.tensor(grad.values, shape)
    }
}
