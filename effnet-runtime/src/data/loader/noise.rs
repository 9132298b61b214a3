//! A batch of noise: what takes as long as pictures, where their contents do not matter.

use candle_core::{Device, Result, Tensor};

use super::Batch;
use crate::random::{Purpose, Stream};

impl Batch {
    /// Random pixels, normally distributed as normalised pictures roughly are, with labels in turn. They lie on the
    /// device.
    ///
    /// # Errors
    /// When candle fails.
    #[doc(hidden)]
    pub fn noise(images: usize, channels: usize, size: usize, classes: usize, device: &Device) -> Result<Self> {
        let stream = Stream::new(0, Purpose::Bench, 0, 0, 0);
        let pixels = (0..(images * channels * size * size) as u64).map(|element| stream.normal(element) as f32);
        let pixels = Tensor::from_iter(pixels, &Device::Cpu)?.reshape((images, channels, size, size))?;
        Ok(Self {
            number: 0,
            images: pixels.to_device(device)?,
            labels: (0..images).map(|image| (image % classes.max(1)) as u32).collect(),
            samples: (0..images as u64).collect(),
            positions: (0..images).collect(),
            partners: None,
        })
    }
}
