//! Backends: the CPU and CUDA devices.
//!
//! The trait [`Backend`] has the operations of chains, for [`crate::graph`]. Each operation of [`crate::ops`] has a
//! trait of its own. A backend works on memory and records nothing; its callers have checked the shapes. [`on_device`]
//! calls a device's backend: nothing above asks which device it is.

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
pub(crate) mod head;
pub(crate) mod layer;
pub(crate) mod moments;
pub(crate) mod running;
pub(crate) mod synchronised;
pub(crate) mod take;
#[cfg(feature = "train")]
pub(crate) mod update;
pub(crate) mod view;
pub(crate) mod window;

use std::borrow::Borrow;

use candle_core::{Device, Result, Shape, Tensor};
use effnet_kernels::Precision;

use crate::profile::Seconds;
use layer::{BatchMoments, ConvNormAct, SqueezeExcite};
use window::Geometry;

/// Evaluates an expression with the backend of a device.
macro_rules! on_device {
    ($device:expr, $backend:ident => $body:expr) => {
        match $device {
            #[cfg(feature = "cuda")]
            candle_core::Device::Cuda(device) => {
                let $backend = $crate::backend::cuda::Cuda::new(device);
                $body
            }
            _ => {
                let $backend = $crate::backend::cpu::Cpu::new();
                $body
            }
        }
    };
}
pub(crate) use on_device;

/// The gradient of a map `[N, H, W, C]`.
pub(crate) enum Grad<'a, B: Backend> {
    /// Somebody else's, who reads it again.
    Lent(&'a B::Elements),
    /// One that may be overwritten.
    Own(B::Grad),
}

impl<B: Backend> Grad<'_, B> {
    /// Its elements in memory.
    pub(crate) fn elements(&self) -> &B::Elements {
        match self {
            Grad::Lent(elements) => elements,
            Grad::Own(grad) => grad.borrow(),
        }
    }

    /// The gradient, for a reader who leaves it as it is.
    pub(crate) fn lend(&self) -> Grad<'_, B> {
        Grad::Lent(self.elements())
    }
}

/// The operations of chains on one kind of device. Maps are `[N, H, W, C]`.
pub(crate) trait Backend: Sized + Send + Sync + 'static {
    /// Number formats of activations that it computes in.
    const PRECISIONS: &'static [Precision];

    /// Whether its memory is the host's.
    const IS_HOST: bool;

    /// The elements of a tensor or a map in memory.
    type Elements: ?Sized;

    /// A tensor's elements, borrowed.
    type View<'a>: Borrow<Self::Elements>;

    /// A map that a layer has written, and that nobody else holds.
    type Map: Borrow<Self::Elements> + Send + Sync;

    /// A map as a layer reads it: in memory, or computed while it is read.
    type Source<'a>: Copy;

    /// The gradient of a map, which [`Backend::written`] makes whole.
    type Grad: Borrow<Self::Elements>;

    /// Moments of a convolution's result, accumulated while it is written.
    type Moments;

    /// A normalisation after its forward pass, with activation and branch.
    type Normed: Send + Sync;

    /// A squeeze-and-excitation after its forward pass.
    type Gate: Send + Sync;

    /// Calls `f`, and measures the work that it asks of the device.
    fn timed<R>(&self, f: impl FnOnce() -> Result<R>) -> Result<(R, Seconds)>;

    /// The elements of a contiguous tensor.
    fn view<'a>(&self, tensor: &'a Tensor) -> Result<Self::View<'a>>;

    /// A map in memory.
    fn source<'a>(&self, elements: &'a Self::Elements, channels: usize) -> Self::Source<'a>;

    /// The same source, borrowed for a shorter time: the compiler does not know that an associated type may be.
    fn shorter<'short, 'long: 'short>(source: Self::Source<'long>) -> Self::Source<'short>;

    /// A copy of a contiguous tensor.
    #[cfg(test)]
    fn map(&self, tensor: &Tensor) -> Result<Self::Map>;

    /// A map as a tensor that tracks nothing.
    fn tensor(&self, map: Self::Map, shape: &Shape) -> Result<Tensor>;

    /// `x ∗ weight`, and what it has found of the moments, which are asked for where `wants_moments`.
    fn convolution(
        &self,
        geometry: &Geometry,
        x: Self::Source<'_>,
        weight: &Tensor,
        wants_moments: bool,
    ) -> Result<(Self::Map, Self::Moments)>;

    /// The gradient of a convolution's input, from that of its result; `onto` is added to it.
    fn input_gradient(
        &self,
        geometry: &Geometry,
        grad: &Self::Map,
        weight: &Tensor,
        onto: Option<Grad<'_, Self>>,
    ) -> Result<Self::Grad>;

    /// The gradient of a convolution's weight.
    fn weight_gradient(&self, geometry: &Geometry, x: Self::Source<'_>, grad: &Self::Map) -> Result<Tensor>;

    /// The normalisation of a convolution's result `z`, and the batch's moments where it is made of them. `branch` has
    /// a factor on the result for each image.
    fn normalisation(
        &self,
        op: &ConvNormAct,
        geometry: &Geometry,
        z: &Self::Map,
        moments: Self::Moments,
        branch: Option<&[f32]>,
    ) -> Result<(Self::Normed, Option<BatchMoments>)>;

    /// `f(norm(z))`, where the backend computes it while it is read.
    fn normed<'a>(&self, z: &'a Self::Map, normed: &'a Self::Normed) -> Option<Self::Source<'a>>;

    /// `f(norm(z))`, or `residual + branch · f(norm(z))`, written out.
    fn norm_act(&self, z: &Self::Map, normed: &Self::Normed, residual: Option<&Self::Elements>) -> Result<Self::Map>;

    /// The gradient of `z`, and those of the scale and the shift, `[C]` each, from that of [`Backend::norm_act`]'s
    /// result.
    fn norm_gradients(
        &self,
        z: &Self::Map,
        normed: &Self::Normed,
        grad: Grad<'_, Self>,
    ) -> Result<(Self::Map, [Tensor; 2])>;

    /// A factor for each channel of each of `images` images, through `squeezed` channels.
    fn gate(&self, op: &SqueezeExcite, images: usize, squeezed: usize, x: Self::Source<'_>) -> Result<Self::Gate>;

    /// `x · gate`, where the backend computes it while it is read.
    fn gated<'a>(&self, x: Self::Source<'a>, gate: &'a Self::Gate) -> Option<Self::Source<'a>>;

    /// `x · gate`, written out.
    fn scale(&self, x: Self::Source<'_>, gate: &Self::Gate) -> Result<Self::Map>;

    /// The gradient of `x`, where it is wanted, and those of the parameters in the order of [`SqueezeExcite::params`],
    /// from that of `x · gate`.
    fn gate_gradients(
        &self,
        x: Self::Source<'_>,
        gate: &Self::Gate,
        grad: Grad<'_, Self>,
        wants_input: bool,
    ) -> Result<(Option<Self::Grad>, [Tensor; 4])>;

    /// Applies to a gradient what was left to its reader, for a map of `channels`.
    fn written(&self, grad: Self::Grad, channels: usize) -> Self::Grad;

    /// The sum of two gradients of a map of `channels`.
    fn add(&self, to: Self::Grad, channels: usize, other: Grad<'_, Self>) -> Result<Self::Grad>;

    /// A gradient that [`Backend::written`] has made whole, as a tensor that tracks nothing.
    fn gradient(&self, grad: Self::Grad, shape: &Shape) -> Result<Tensor>;
}

/// Whether a device computes activations in a number format.
pub(crate) fn supports(device: &Device, precision: Precision) -> bool {
    fn precisions<B: Backend>(_: B) -> &'static [Precision] {
        B::PRECISIONS
    }
    on_device!(device, backend => precisions(backend)).contains(&precision)
}

/// Whether a device's memory is the host's.
pub(crate) fn is_host(device: &Device) -> bool {
    fn is_host<B: Backend>(_: B) -> bool {
        B::IS_HOST
    }
    on_device!(device, backend => is_host(backend))
}
