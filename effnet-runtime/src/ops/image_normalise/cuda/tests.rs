use candle_core::{DType, Device, Result, Tensor};
use proptest::prelude::*;

use crate::ops::cuda::near::{cuda, download, formats};
use crate::ops::image_normalise;
use crate::random::{Purpose, Stream};

/// The same bits on both sides.
fn check(shape: [usize; 4], dtype: DType) -> Result<()> {
    let (length, channels) = (shape.iter().product::<usize>(), shape[3]);
    let stream = Stream::new(22, Purpose::Bench, 0, 0, 0);
    let bytes: Vec<u8> = (0..length as u64).map(|at| (stream.uniform(at) * 256.0) as u8).collect();
    let mean: Vec<f32> = (0..channels).map(|channel| 0.4 + 0.03 * channel as f32).collect();
    let std: Vec<f32> = (0..channels).map(|channel| 0.2 + 0.01 * channel as f32).collect();
    let images = Tensor::from_vec(bytes, &shape, &Device::Cpu)?;
    let expected = image_normalise(&images, &mean, &std, dtype)?;
    let found = image_normalise(&images.to_device(&cuda())?, &mean, &std, dtype)?;
    assert_eq!((found.dtype(), found.dims()), (dtype, &shape[..]));
    assert_eq!(download(&found)?, download(&expected)?, "{shape:?}, {dtype:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn equals_the_cpu(
        images in 1usize..4,
        height in 1usize..20,
        width in 1usize..20,
        channels in 1usize..5,
        dtype in formats(),
    ) {
        check([images, height, width, channels], dtype).unwrap();
    }
}

#[test]
fn equals_the_cpu_on_small_shapes() -> Result<()> {
    for dtype in [DType::F32, DType::BF16] {
        check([1, 1, 1, 1], dtype)?;
        check([2, 3, 5, 3], dtype)?;
    }
    Ok(())
}

#[test]
fn a_part_of_a_tensor_is_taken() -> Result<()> {
    let bytes = Tensor::from_vec((0..40u8).collect::<Vec<_>>(), 40, &Device::Cpu)?;
    let part = bytes.narrow(0, 3, 36)?.reshape((1, 3, 4, 3))?;
    let on_device = bytes.to_device(&cuda())?.narrow(0, 3, 36)?.reshape((1, 3, 4, 3))?;
    let normalised = |images: &Tensor| download(&image_normalise(images, &[0.5; 3], &[0.25; 3], DType::F32)?);
    assert_eq!(normalised(&on_device)?, normalised(&part)?);
    Ok(())
}
