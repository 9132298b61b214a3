//! What images a network takes.

use candle_core::{DType, Result, Tensor};

/// Batch, channels, height and width of images for a network of `channels` channels.
///
/// # Errors
/// When they are no `[N, channels, H, W]` of f32, or one of these is 0.
pub(crate) fn check(images: &Tensor, channels: usize) -> Result<[usize; 4]> {
    match *images.dims() {
        [batch, found, height, width]
            if images.dtype() == DType::F32 && found == channels && batch * height * width > 0 =>
        {
            Ok([batch, found, height, width])
        }
        _ => {
            let dtype = match images.dtype() {
                DType::F32 => String::new(),
                other => format!(" of {}", other.as_str()),
            };
            let hint = hint(images, channels);
            candle_core::bail!(
                "images are `[N, {channels}, H, W]` of f32; these are `{:?}`{dtype}{hint}",
                images.dims()
            )
        }
    }
}

/// What to do about images that are wrong in a usual way.
fn hint(images: &Tensor, channels: usize) -> &'static str {
    match *images.dims() {
        [.., 0] | [.., 0, _] | [0, ..] => ", which have no pixels",
        [_, found, _, last] if found != channels && last == channels => ": permute them by (0, 3, 1, 2)",
        [found, _, _] if found == channels => ": unsqueeze a single image in front",
        _ if images.dtype() != DType::F32 => ": convert them, to the range that the network's mean and std are for",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};

    use super::check;

    #[test]
    fn wrong_images_are_named_in_one_sentence() {
        let says = |shape: &[usize], dtype| {
            check(&Tensor::zeros(shape, dtype, &Device::Cpu).unwrap(), 3).unwrap_err().to_string()
        };
        for (shape, dtype, these) in [
            (&[1, 64, 64, 3][..], DType::F32, "`[1, 64, 64, 3]`: permute them by (0, 3, 1, 2)"),
            (&[3, 64, 64], DType::F32, "`[3, 64, 64]`: unsqueeze a single image in front"),
            (&[2, 1, 64, 64], DType::F32, "`[2, 1, 64, 64]`"),
            (
                &[2, 3, 64, 64],
                DType::U8,
                "`[2, 3, 64, 64]` of u8: convert them, to the range that the network's mean and std are for",
            ),
            (&[2, 3, 0, 64], DType::F32, "`[2, 3, 0, 64]`, which have no pixels"),
            (&[0, 3, 64, 64], DType::F32, "`[0, 3, 64, 64]`, which have no pixels"),
            (&[], DType::F32, "`[]`"),
        ] {
            let said = says(shape, dtype);
            assert!(said.starts_with(&format!("images are `[N, 3, H, W]` of f32; these are {these}")), "{said}");
        }
        let images = Tensor::zeros((2, 3, 1, 5), DType::F32, &Device::Cpu).unwrap();
        assert_eq!(check(&images, 3).unwrap(), [2, 3, 1, 5]);
    }
}
