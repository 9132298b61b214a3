//! The images that a graph takes.

use candle_core::{Device, Tensor};

use super::error::{Error, Result};
use super::message::{Dimension, GraphProto, data_type};
use crate::dialect::Dialect;

/// The shape of a graph's images, free sides as `None`, and what has been done to them.
pub(super) struct Input<'a> {
    pub(super) batch: Option<usize>,
    pub(super) channels: usize,
    /// Height and width.
    pub(super) size: [Option<usize>; 2],
    /// Whether they are bytes `[N, H, W, C]`, which the graph normalises by this dialect.
    pub(super) bytes: Option<&'a Dialect>,
}

impl<'a> Input<'a> {
    /// A graph's, whose file has this dialect.
    ///
    /// # Errors
    /// When it takes no images.
    pub(super) fn of(graph: &GraphProto, dialect: &'a Dialect) -> Result<Self> {
        let input = graph.input.first().and_then(|input| input.r#type.as_ref()).and_then(|of| of.tensor_type.as_ref());
        let sides = input.and_then(|input| input.shape.as_ref()).map(|shape| &shape.dim[..]);
        let (Some(input), Some([batch, a, b, c])) = (input, sides) else {
            return Err(Error::Unknown("its input is no batch of images".to_owned()));
        };
        let number = |side: &Dimension| side.dim_value.map(|side| side as usize);
        let bytes = (input.elem_type == data_type::UINT8).then_some(dialect);
        let [channels, height, width] = if bytes.is_some() { [c, a, b] } else { [a, b, c] }.map(number);
        let channels = channels.ok_or_else(|| Error::Unknown("it does not say its images' channels".to_owned()))?;
        Ok(Self { batch: number(batch), channels, size: [height, width], bytes })
    }

    /// Images as the graph takes them, of those that the engine takes. A single one is repeated to a batch that is fixed.
    ///
    /// # Errors
    /// When candle fails.
    pub(super) fn of_engine(&self, images: &Tensor) -> Result<Tensor> {
        let images = match self.batch {
            Some(batch) if images.dim(0)? == 1 => images.repeat((batch, 1, 1, 1))?,
            _ => images.clone(),
        };
        let Some(dialect) = self.bytes else { return Ok(images) };
        let images = images.permute((0, 2, 3, 1))?;
        let shape = images.dims().to_vec();
        let mut values = images.flatten_all()?.to_vec1::<f32>()?;
        for (at, value) in values.iter_mut().enumerate() {
            let byte =
                255.0 * (f64::from(*value) * self.of_channel(&dialect.std, at) + self.of_channel(&dialect.mean, at));
            *value = byte.round() as f32;
        }
        Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
    }

    /// The number for the channel of the value `at`, where channels come last.
    pub(super) fn of_channel(&self, numbers: &[f64], at: usize) -> f64 {
        numbers[(at % self.channels).min(numbers.len() - 1)]
    }
}
