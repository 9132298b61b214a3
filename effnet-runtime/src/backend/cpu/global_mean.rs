//! Mean over the pixels of each image.

use candle_core::{Result, Shape, Tensor};

use super::source::Source;
use super::{Cpu, image_sums, tensor, view};
use crate::backend::head::GlobalMean;

impl GlobalMean for Cpu {
    fn global_mean(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, height, width, channels) = x.dims4()?;
        let share = 1.0 / (height * width) as f32;
        let mut means = image_sums::sums(self.level, Source::plain(&view(x)?, channels), batch);
        means.iter_mut().for_each(|mean| *mean *= share);
        Ok(tensor(means, (batch, channels)))
    }

    fn global_mean_gradient(&self, shape: &Shape, grad: &Tensor) -> Result<Tensor> {
        let (batch, height, width, channels) = shape.dims4()?;
        let share = 1.0 / (height * width) as f32;
        let grad = (grad * f64::from(share))?.reshape((batch, 1, 1, channels))?;
        grad.broadcast_as(shape)?.contiguous()
    }
}
