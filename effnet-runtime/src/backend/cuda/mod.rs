//! NVIDIA's GPUs: maps are tensors of f32 or bf16, and written out.
//!
//! A kernel is `extern "C" __global__ void <op>_<what>_<f32|bf16>(…)` in the `op.cu` of an operation's folder; its host
//! side, beside it, launches it through [`Launch`], which checks that every buffer has the element type and the length
//! that the kernel is said to use.

mod activation;
mod buffer;
mod columns;
mod conv;
mod cross_entropy;
mod depthwise;
mod gemm;
mod global_mean;
mod image_sums;
mod launch;
mod linear;
mod modules;
#[cfg(test)]
pub(crate) mod near;
mod norm_act;
mod running;
mod squeeze_excite;
mod table;
#[cfg(test)]
mod tests;
#[cfg(feature = "train")]
mod update;
pub(crate) mod view;

use candle_core::cuda_backend::cudarc::driver::{CudaEvent, sys::CUevent_flags};
use candle_core::cuda_backend::{CudaDevice, WrapErr};
use candle_core::{Result, Shape, Tensor};
use effnet_kernels::Precision;

use super::Backend;
use super::layer::{BatchMoments, ConvNormAct, SqueezeExcite};
use super::window::{Geometry, Kind};
use crate::profile::Seconds;
use activation::activation_code;
use buffer::Buffer;
use columns::{Columns, pack};
use gemm::{Factor, Gemm};
use launch::{Grid, Launch, THREADS, WARP};
use modules::ptx;
use norm_act::Normed;
use squeeze_excite::Gate;
#[cfg(feature = "cudnn")]
use view::SliceMut;
use view::{Element, Slice, View, device, view};

type Grad<'a> = super::Grad<'a, Cuda>;

/// A GPU.
#[derive(Clone, Debug)]
pub(crate) struct Cuda {
    device: CudaDevice,
}

impl Cuda {
    pub(crate) fn new(device: &CudaDevice) -> Self {
        Self { device: device.clone() }
    }
}

impl Backend for Cuda {
    const PRECISIONS: &'static [Precision] = &[Precision::F32, Precision::Bf16];
    const IS_HOST: bool = false;

    type Elements = Tensor;
    type View<'a> = &'a Tensor;
    type Map = Tensor;
    type Source<'a> = &'a Tensor;
    type Grad = Tensor;
    type Moments = ();
    type Normed = Normed;
    type Gate = Gate;

    /// Records an event in the device's stream in front of the work and one behind it, for which nobody waits until the
    /// time is asked for: NaN where the driver has none to tell.
    fn timed<R>(&self, f: impl FnOnce() -> Result<R>) -> Result<(R, Seconds)> {
        let stream = self.device.cuda_stream();
        let mark = || -> Result<CudaEvent> { stream.record_event(Some(CUevent_flags::CU_EVENT_DEFAULT)).w() };
        let begin = mark()?;
        let result = f()?;
        let end = mark()?;
        let seconds = move || begin.elapsed_ms(&end).map_or(f64::NAN, |ms| f64::from(ms) / 1e3);
        Ok((result, Box::new(seconds)))
    }

    fn view<'a>(&self, tensor: &'a Tensor) -> Result<&'a Tensor> {
        Ok(tensor)
    }

    fn source<'a>(&self, elements: &'a Tensor, _: usize) -> &'a Tensor {
        elements
    }

    fn shorter<'short, 'long: 'short>(source: &'long Tensor) -> &'short Tensor {
        source
    }

    #[cfg(test)]
    fn map(&self, tensor: &Tensor) -> Result<Tensor> {
        tensor.copy()
    }

    fn tensor(&self, map: Tensor, _: &Shape) -> Result<Tensor> {
        Ok(map)
    }

    fn convolution(&self, geometry: &Geometry, x: &Tensor, weight: &Tensor, _: bool) -> Result<(Tensor, ())> {
        let z = match geometry.kind {
            Kind::Dense => conv::forward(x, weight, geometry),
            Kind::Depthwise => depthwise::forward(x, weight, geometry),
        };
        Ok((z?, ()))
    }

    /// A dense convolution adds to a gradient that is nobody else's where it lies: read once and written once, where a
    /// sum by itself would read two and write one more.
    fn input_gradient(
        &self,
        geometry: &Geometry,
        grad: &Tensor,
        weight: &Tensor,
        onto: Option<Grad<'_>>,
    ) -> Result<Tensor> {
        let found = match (geometry.kind, onto) {
            (Kind::Dense, Some(Grad::Own(sum))) => return conv::backward_input_onto(sum, grad, weight, geometry),
            (Kind::Dense, onto) => (conv::backward_input(grad, weight, geometry)?, onto),
            (Kind::Depthwise, onto) => (depthwise::backward_input(grad, weight, geometry)?, onto),
        };
        match found {
            (found, Some(other)) => self.add(found, geometry.in_channels, other),
            (found, None) => Ok(found),
        }
    }

    fn weight_gradient(&self, geometry: &Geometry, x: &Tensor, grad: &Tensor) -> Result<Tensor> {
        match geometry.kind {
            Kind::Dense => conv::backward_weight(x, grad, geometry),
            Kind::Depthwise => depthwise::backward_weight(x, grad, geometry),
        }
    }

    fn normalisation(
        &self,
        op: &ConvNormAct,
        _: &Geometry,
        z: &Tensor,
        (): (),
        branch: Option<&[f32]>,
    ) -> Result<(Normed, Option<BatchMoments>)> {
        Normed::new(z, op, branch)
    }

    fn normed<'a>(&self, _: &'a Tensor, _: &'a Normed) -> Option<&'a Tensor> {
        None
    }

    fn norm_act(&self, z: &Tensor, normed: &Normed, residual: Option<&Tensor>) -> Result<Tensor> {
        normed.output(z, residual)
    }

    fn norm_gradients(&self, z: &Tensor, normed: &Normed, grad: Grad<'_>) -> Result<(Tensor, [Tensor; 2])> {
        normed.backward(z, grad.elements())
    }

    fn gate(&self, op: &SqueezeExcite, _: usize, squeezed: usize, x: &Tensor) -> Result<Gate> {
        Gate::open(x, op, squeezed)
    }

    fn gated<'a>(&self, _: &'a Tensor, _: &'a Gate) -> Option<&'a Tensor> {
        None
    }

    fn scale(&self, x: &Tensor, gate: &Gate) -> Result<Tensor> {
        gate.scale(x, None)
    }

    fn gate_gradients(
        &self,
        x: &Tensor,
        gate: &Gate,
        grad: Grad<'_>,
        wants_input: bool,
    ) -> Result<(Option<Tensor>, [Tensor; 4])> {
        gate.backward(x, grad.elements(), wants_input)
    }

    fn written(&self, grad: Tensor, _: usize) -> Tensor {
        grad
    }

    fn add(&self, to: Tensor, _: usize, other: Grad<'_>) -> Result<Tensor> {
        to + other.elements()
    }

    fn gradient(&self, grad: Tensor, _: &Shape) -> Result<Tensor> {
        Ok(grad)
    }
}
