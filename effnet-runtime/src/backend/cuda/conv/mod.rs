//! Dense convolution: a matrix product of the windows of a map and the weights.
//!
//! A 1×1 convolution of stride 1 is one product over the map as it lies. Any other is cuDNN's with the feature `cudnn`;
//! without it, or where cuDNN has no kernel, the windows are written down first, of so many images at a time that they
//! take at most [`CHUNK`] elements.

#[cfg(feature = "cudnn")]
mod cudnn;
#[cfg(test)]
pub(crate) mod tests;
mod weights;

use candle_core::cuda_backend::CudaDevice;
use candle_core::{Result, Tensor};

use crate::backend::cuda::{Buffer, Element, Factor, Gemm, Grid, Launch, Slice, View, pack, ptx, view};
use crate::backend::window::Geometry;
use weights::Order;

/// Elements of the windows that are written down at a time, unless one image has more.
const CHUNK: usize = 1 << 26;

/// A convolution's sizes as matrices.
struct Sizes {
    geometry: Geometry,
    /// Output pixels of an image.
    pixels: usize,
    /// Elements of a window.
    patch: usize,
    /// Whether windows are the map's own pixels.
    is_pointwise: bool,
    /// Images of a product: those whose windows are written down at a time, or all.
    images: usize,
}

impl Sizes {
    fn new(geometry: &Geometry) -> Self {
        let pixels = geometry.output.0 * geometry.output.1;
        let patch = geometry.kernel * geometry.kernel * geometry.in_channels;
        let is_pointwise = geometry.kernel == 1 && geometry.stride == 1;
        let most = if is_pointwise { geometry.batch } else { CHUNK / (pixels * patch) };
        Self { geometry: *geometry, pixels, patch, is_pointwise, images: most.clamp(1, geometry.batch) }
    }

    /// Elements of an image's input, and of its output.
    fn of_image(&self) -> (usize, usize) {
        (self.geometry.in_count() / self.geometry.batch, self.pixels * self.geometry.out_channels)
    }

    /// The images in chunks: the first of each, and how many.
    fn chunks(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (batch, images) = (self.geometry.batch, self.images);
        (0..batch).step_by(images).map(move |first| (first, images.min(batch - first)))
    }

    /// The arguments that both kernels take behind their maps.
    fn arguments(&self) -> [usize; 9] {
        let Geometry { input, output, before, in_channels, kernel, stride, .. } = self.geometry;
        [input.0, input.1, output.0, output.1, in_channels, kernel, stride, before.0, before.1]
    }

    /// The kernel `name` for maps whose channels fill packs, or for any.
    fn kernel(&self, name: &str, element: Element, maps: &[&Tensor]) -> (String, usize) {
        match pack(element, self.geometry.in_channels, maps) {
            1 => (name.to_owned(), 1),
            pack => (format!("{name}_wide"), pack),
        }
    }

    /// The windows of some images of `x`, `[pixels, taps, I]`.
    fn windows(&self, device: &CudaDevice, source: Slice<'_>, x: &Tensor, images: usize) -> Result<Buffer> {
        let element = source.extent().0;
        let (kernel, pack) = self.kernel("conv_windows", element, &[x]);
        let elements = images * self.pixels * self.patch;
        let mut windows = Buffer::new(device, element, elements)?;
        let launch = Launch::new(device, ptx::CONV, &kernel, element)?
            .write(windows.slice_mut()?, element, elements)?
            .read(source, element, images * self.of_image().0)?
            .ints(self.arguments())?
            .long(elements / pack);
        // SAFETY: these are the kernel's arguments; a thread writes a pack of the windows, and reads pixels within the
        // images.
        unsafe { launch.run(Grid::each(elements / pack)) }?;
        Ok(windows)
    }
}

/// `x ∗ weight`: `x` is `[N, H, W, I]`, `weight` f32 `[O, I, k, k]`, both contiguous; the result `[N, H', W', O]` in
/// the number format of `x`.
///
/// # Errors
/// When the tensors are not on one CUDA device, or the device fails.
pub(crate) fn forward(x: &Tensor, weight: &Tensor, geometry: &Geometry) -> Result<Tensor> {
    let sizes = Sizes::new(geometry);
    let map = view(x)?;
    let (device, element) = (map.device()?, map.element());
    #[cfg(feature = "cudnn")]
    if cudnn::is_for(geometry, &[&map])
        && let Some(out) = cudnn::forward(&map, weight, geometry)?
    {
        return Ok(out);
    }
    let weight = Order::plain(geometry).pack(device, weight, element)?;
    let outputs = geometry.out_channels;
    let mut out = Buffer::new(device, element, geometry.out_shape().elem_count())?;
    let (of_x, of_out) = sizes.of_image();
    for (first, images) in sizes.chunks() {
        let written;
        let mut windows = map.slice()?.narrow(first * of_x..(first + images) * of_x)?;
        if !sizes.is_pointwise {
            written = sizes.windows(device, windows, x, images)?;
            windows = written.slice()?;
        }
        let product = Gemm { rows: images * sizes.pixels, depth: sizes.patch, columns: outputs, accumulate: false };
        let to = out.part_mut(first * of_out..(first + images) * of_out)?;
        product.run(device, Factor::plain(windows), Factor::transposed(weight.slice()?), to)?;
    }
    out.into_tensor(geometry.out_shape())
}

/// The gradient of `x`, from that of the output, `[N, H', W', O]`, in its number format.
///
/// # Errors
/// As [`forward`].
pub(crate) fn backward_input(grad: &Tensor, weight: &Tensor, geometry: &Geometry) -> Result<Tensor> {
    let of_output = view(grad)?;
    let dx = Buffer::new(of_output.device()?, of_output.element(), geometry.in_count())?;
    input_gradient(dx, false, &of_output, weight, geometry)
}

/// As [`backward_input`], added to `sum`, which nobody else may hold: its memory becomes the result's. What has the
/// shape of `x` is read once and written once so, where a sum by itself would read two and write one more.
///
/// # Errors
/// As [`forward`], or when `sum` has not the elements of `x`.
pub(crate) fn backward_input_onto(sum: Tensor, grad: &Tensor, weight: &Tensor, geometry: &Geometry) -> Result<Tensor> {
    input_gradient(Buffer::taken(sum)?, true, &view(grad)?, weight, geometry)
}

/// The gradient of `x` in `dx`, or added to what that holds.
fn input_gradient(
    mut dx: Buffer,
    accumulate: bool,
    of_output: &View<'_>,
    weight: &Tensor,
    geometry: &Geometry,
) -> Result<Tensor> {
    let sizes = Sizes::new(geometry);
    let (device, element) = (of_output.device()?, of_output.element());
    let shape = (geometry.batch, geometry.input.0, geometry.input.1, geometry.in_channels);
    #[cfg(feature = "cudnn")]
    if cudnn::is_for(geometry, &[of_output]) && cudnn::backward_input(of_output, weight, geometry, &mut dx, accumulate)?
    {
        return dx.into_tensor(shape);
    }
    let weight = Order::plain(geometry).pack(device, weight, element)?;
    if sizes.is_pointwise {
        let product = Gemm {
            rows: geometry.batch * sizes.pixels,
            depth: geometry.out_channels,
            columns: sizes.patch,
            accumulate,
        };
        product.run(device, Factor::plain(of_output.slice()?), Factor::plain(weight.slice()?), dx.slice_mut()?)?;
        return dx.into_tensor(shape);
    }
    let (of_x, of_out) = sizes.of_image();
    for (first, images) in sizes.chunks() {
        let rows = images * sizes.pixels;
        let mut windows = Buffer::new(device, element, rows * sizes.patch)?;
        let product = Gemm { rows, depth: geometry.out_channels, columns: sizes.patch, accumulate: false };
        let from = of_output.slice()?.narrow(first * of_out..(first + images) * of_out)?;
        product.run(device, Factor::plain(from), Factor::plain(weight.slice()?), windows.slice_mut()?)?;
        let (kernel, pack) = sizes.kernel("conv_map", element, &[]);
        let count = images * of_x / pack;
        let to = dx.part_mut(first * of_x..(first + images) * of_x)?;
        let launch = Launch::new(device, ptx::CONV, &kernel, element)?
            .write(to, element, images * of_x)?
            .read(windows.slice()?, element, rows * sizes.patch)?
            .ints(sizes.arguments())?
            .long(count)
            .int(usize::from(accumulate))?;
        // SAFETY: these are the kernel's arguments; a thread writes a pack of the images' input, which it may read, and
        // reads elements of windows of their output's pixels.
        unsafe { launch.run(Grid::each(count)) }?;
    }
    dx.into_tensor(shape)
}

/// The gradient of the weight, f32 `[O, I, k, k]`, from `x` and the gradient of the output.
///
/// # Errors
/// As [`forward`].
pub(crate) fn backward_weight(x: &Tensor, grad: &Tensor, geometry: &Geometry) -> Result<Tensor> {
    let sizes = Sizes::new(geometry);
    let (map, of_output) = (view(x)?, view(grad)?);
    let device = map.device()?;
    #[cfg(feature = "cudnn")]
    if cudnn::is_for(geometry, &[&map, &of_output])
        && let Some(dw) = cudnn::backward_weight(&map, &of_output, geometry)?
    {
        return Ok(dw);
    }
    let (outputs, order) = (geometry.out_channels, Order::plain(geometry));
    let mut packed = Buffer::new(device, Element::F32, order.count())?;
    let (of_x, of_out) = sizes.of_image();
    for (first, images) in sizes.chunks() {
        let written;
        let mut windows = map.slice()?.narrow(first * of_x..(first + images) * of_x)?;
        if !sizes.is_pointwise {
            written = sizes.windows(device, windows, x, images)?;
            windows = written.slice()?;
        }
        let depth = images * sizes.pixels;
        let product = Gemm { rows: outputs, depth, columns: sizes.patch, accumulate: first > 0 };
        let from = of_output.slice()?.narrow(first * of_out..(first + images) * of_out)?;
        product.run(device, Factor::transposed(from), Factor::plain(windows), packed.slice_mut()?)?;
    }
    if sizes.is_pointwise {
        return packed.into_tensor((outputs, geometry.in_channels, 1, 1));
    }
    order.unpack(device, &packed, Element::F32)
}
