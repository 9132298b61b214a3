//! Constants of a file.

use half::f16;

use super::super::error::{Error, Result};
use super::super::message::{TensorProto, data_type};
use super::Array;

/// A constant's numbers.
///
/// # Errors
/// When its type is none that we write, or its bytes are not as many as its shape says.
pub(super) fn array(tensor: &TensorProto) -> Result<Array> {
    let bytes = &tensor.raw_data;
    let data: Vec<f32> = match tensor.data_type {
        data_type::FLOAT => bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        data_type::FLOAT16 => bytes.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
        data_type::UINT8 => bytes.iter().map(|byte| f32::from(*byte)).collect(),
        data_type::INT8 => bytes.iter().map(|byte| f32::from(*byte as i8)).collect(),
        other => return Err(Error::Unknown(format!("`{}` has data of type {other}", tensor.name))),
    };
    let shape: Vec<usize> = tensor.dims.iter().map(|side| *side as usize).collect();
    if shape.iter().try_fold(1usize, |product, side| product.checked_mul(*side)) != Some(data.len()) {
        return Err(Error::Unknown(format!("`{}` has {} numbers for a shape {shape:?}", tensor.name, data.len())));
    }
    Ok(Array::new(shape, data))
}
