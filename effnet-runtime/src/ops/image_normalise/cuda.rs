//! Images' bytes on a CUDA device.

#[cfg(test)]
mod tests;

use candle_core::{DType, Result, Tensor};

use crate::ops::cuda::{Buffer, Element, Grid, Launch, ptx, view};

/// As [`super::image_normalise`], of contiguous images whose channels fit.
pub(super) fn image_normalise(images: &Tensor, mean: &[f32], std: &[f32], dtype: DType) -> Result<Tensor> {
    // Threads read their bytes at once, from multiples of as many.
    let images =
        if images.layout().start_offset().is_multiple_of(8) { images.clone() } else { images.force_contiguous()? };
    let (bytes, element) = (view(&images)?, Element::of(dtype)?);
    let (device, elements, channels) = (bytes.device()?, images.elem_count(), mean.len());
    if elements == 0 {
        return Tensor::zeros(images.shape(), dtype, images.device());
    }
    let (mean, std) = (Buffer::of(device, mean)?, Buffer::of(device, std)?);
    let mut out = Buffer::new(device, element, elements)?;
    let launch = Launch::new(device, ptx::IMAGE_NORMALISE, "image_normalise", element)?
        .read(bytes.slice()?, Element::U8, elements)?
        .read(mean.slice(), Element::F32, channels)?
        .read(std.slice(), Element::F32, channels)?
        .write(out.slice_mut(), element, elements)?
        .long(elements)
        .int(channels)?;
    // SAFETY: these are the kernel's arguments; a thread reads the bytes and writes the elements of one pack of 16 bytes,
    // below `elements`.
    unsafe { launch.run(Grid::each(elements.div_ceil(16 / element.bytes())))? };
    out.into_tensor(images.shape())
}
