//! From an image's bytes to a network's input.

#[cfg(feature = "cuda")]
mod cuda;
#[cfg(test)]
mod tests;

use candle_core::{DType, Result, Tensor};

/// `(byte / 255 - mean) / std` of images `[N, H, W, C]` of bytes, `mean` and `std` a number for each channel: a map of
/// the same shape, of f32 or bf16, on the images' device. Bytes are a quarter of what floats are on their way to a GPU.
/// Any layout is taken; nothing tracks.
///
/// # Errors
/// When the images are of another rank or not bytes, `mean` and `std` do not fit the channels, or `dtype` is neither F32
/// nor BF16.
pub fn image_normalise(images: &Tensor, mean: &[f32], std: &[f32], dtype: DType) -> Result<Tensor> {
    let (_, _, _, channels) = images.dims4()?;
    if mean.len() != channels || std.len() != channels {
        candle_core::bail!(
            "images of {channels} channels were given {} means and {} standard deviations",
            mean.len(),
            std.len()
        )
    }
    if images.dtype() != DType::U8 {
        candle_core::bail!("images to normalise must be U8 and are {:?}", images.dtype())
    }
    if dtype != DType::F32 && dtype != DType::BF16 {
        candle_core::bail!("images become F32 or BF16, and not {dtype:?}")
    }
    let images = images.contiguous()?;
    #[cfg(feature = "cuda")]
    if images.device().is_cuda() {
        return cuda::image_normalise(&images, mean, std, dtype);
    }
    let bytes = images.flatten_all()?.to_vec1::<u8>()?;
    let normalised = |(at, byte): (usize, &u8)| (f32::from(*byte) / 255.0 - mean[at % channels]) / std[at % channels];
    let values: Vec<f32> = bytes.iter().enumerate().map(normalised).collect();
    Tensor::from_vec(values, images.shape(), images.device())?.to_dtype(dtype)
}
