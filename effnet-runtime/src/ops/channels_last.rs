//! Images in the layout of feature maps.

use candle_core::{DType, Result, Tensor};
use effnet_kernels::threads;

use crate::backend::view::view;
use crate::device::has_engine;
use crate::graph::record;

/// Pixels of a task.
const TASK_PIXELS: usize = 1 << 12;

/// `[N, H, W, C]` of `[N, C, H, W]`, contiguous; differentiable. On the CPU the pool's threads share a copy of f32.
///
/// # Errors
/// When the tensor has another rank.
pub(crate) fn channels_last(images: &Tensor) -> Result<Tensor> {
    let (batch, channels, height, width) = images.dims4()?;
    if !has_engine(images.device()) || images.dtype() != DType::F32 || images.elem_count() == 0 {
        return images.permute((0, 2, 3, 1))?.contiguous();
    }
    let images = images.contiguous()?;
    let (pixels, mut map) = (height * width, vec![0f32; images.elem_count()]);
    let tasks = pixels.div_ceil(TASK_PIXELS);
    {
        let planes = view(&images)?;
        // A task's pixels end with its image.
        let mut parts: Vec<_> =
            map.chunks_mut(pixels * channels).flat_map(|image| image.chunks_mut(TASK_PIXELS * channels)).collect();
        threads::current().for_each_chunk(&mut parts, 1, |at, part| {
            let (image, first) = (at / tasks, at % tasks * TASK_PIXELS);
            let own = &planes[image * channels * pixels..][..channels * pixels];
            for (channel, plane) in own.chunks_exact(pixels).enumerate() {
                let to = part[0][channel..].iter_mut().step_by(channels);
                to.zip(&plane[first..]).for_each(|(to, from)| *to = *from);
            }
        });
    }
    let map = Tensor::from_vec(map, (batch, height, width, channels), images.device())?;
    record("channels_last", &images, &[], map, |grad, _| grad.permute((0, 3, 1, 2))?.contiguous().map(Some))
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::infer::tests::normal;

    #[test]
    fn equals_the_permutation_and_lets_gradients_through() -> Result<()> {
        for (batch, channels, height, width) in
            [(1, 1, 1, 1), (2, 3, 5, 7), (3, 4, 90, 91), (2, 1, 64, 64), (0, 3, 4, 4)]
        {
            let values = normal(9, batch * channels * height * width);
            let images = Var::from_vec(values, (batch, channels, height, width), &Device::Cpu)?;
            let (found, expected) = (channels_last(&images)?, images.permute((0, 2, 3, 1))?.contiguous()?);
            assert!(found.is_contiguous());
            assert_eq!(found.dims(), expected.dims());
            assert_eq!(found.flatten_all()?.to_vec1::<f32>()?, expected.flatten_all()?.to_vec1::<f32>()?);
            if batch == 0 {
                continue;
            }
            let weights = Tensor::from_vec(normal(10, found.elem_count()), found.shape(), &Device::Cpu)?;
            let gradient = |map: &Tensor| {
                let store = (map * &weights)?.sum_all()?.backward()?;
                store.get(&images).map(|gradient| gradient.flatten_all()?.to_vec1::<f32>()).transpose()
            };
            assert_eq!(gradient(&found)?, gradient(&expected)?);
            assert!(gradient(&found)?.is_some());
        }
        Ok(())
    }

    #[test]
    fn strided_images_are_taken() -> Result<()> {
        let images = Tensor::from_vec(normal(9, 2 * 6 * 8 * 3), (2, 6, 8, 3), &Device::Cpu)?.permute((0, 3, 1, 2))?;
        let (found, expected) = (channels_last(&images)?, images.permute((0, 2, 3, 1))?);
        assert_eq!(found.flatten_all()?.to_vec1::<f32>()?, expected.flatten_all()?.to_vec1::<f32>()?);
        Ok(())
    }
}
