//! The values that optimizers and moving averages keep beside a parameter.

use candle_core::{DType, Result, Tensor, bail};

use crate::backend::is_host;

/// A value for each element of a parameter, kept where the parameter lies: of an optimizer, or of a moving average.
#[derive(Debug)]
pub struct Values(Place);

#[derive(Debug)]
enum Place {
    Host(Vec<f32>),
    /// Flat, and shared with no other tensor.
    Device(Tensor),
}

impl Values {
    /// `value` for each element of a parameter.
    ///
    /// # Errors
    /// When the device has no more memory.
    pub(crate) fn filled(parameter: &Tensor, value: f32) -> Result<Self> {
        Self::of(parameter, vec![value; parameter.elem_count()])
    }

    /// These values for the elements of a parameter.
    ///
    /// # Errors
    /// When there are not as many as the parameter has, or the device has no more memory.
    pub(crate) fn of(parameter: &Tensor, values: Vec<f32>) -> Result<Self> {
        let (length, device) = (values.len(), parameter.device());
        if length != parameter.elem_count() {
            bail!("{length} values were given for the {} of a parameter", parameter.elem_count())
        }
        Ok(Self(if is_host(device) {
            Place::Host(values)
        } else {
            Place::Device(Tensor::from_vec(values, length, device)?)
        }))
    }

    /// A copy of a parameter's values.
    ///
    /// # Errors
    /// When the parameter is not f32, or the device has no more memory.
    pub(crate) fn copy(parameter: &Tensor) -> Result<Self> {
        if parameter.dtype() != DType::F32 {
            bail!("a parameter is {:?}, and must be F32", parameter.dtype())
        }
        let flat = parameter.detach().flatten_all()?;
        Ok(Self(if is_host(flat.device()) { Place::Host(flat.to_vec1()?) } else { Place::Device(flat.copy()?) }))
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        match &self.0 {
            Place::Host(values) => values.len(),
            Place::Device(values) => values.elem_count(),
        }
    }

    /// The values as a tensor of one dimension, a copy.
    ///
    /// # Errors
    /// When candle fails.
    pub fn tensor(&self) -> Result<Tensor> {
        match &self.0 {
            Place::Host(values) => Tensor::from_slice(values, values.len(), &candle_core::Device::Cpu),
            Place::Device(values) => values.copy(),
        }
    }

    /// The values on the CPU, to be changed.
    ///
    /// # Errors
    /// When they are on another device.
    pub(crate) fn host(&mut self) -> Result<&mut [f32]> {
        match &mut self.0 {
            Place::Host(values) => Ok(values),
            Place::Device(values) => {
                bail!("what is kept of a parameter on the CPU is on {:?}", values.device().location())
            }
        }
    }

    /// The values on a device.
    ///
    /// # Errors
    /// When they are on the CPU.
    #[cfg(feature = "cuda")]
    pub(crate) fn device(&self) -> Result<&Tensor> {
        match &self.0 {
            Place::Device(values) => Ok(values),
            Place::Host(_) => bail!("what is kept of a parameter on a GPU is on the CPU"),
        }
    }
}
