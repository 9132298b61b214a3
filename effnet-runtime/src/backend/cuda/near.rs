//! How results on a CUDA device are held against what the CPU makes of the same numbers.

use candle_core::{DType, Device, Result, Tensor};
use proptest::prelude::*;

use crate::random::{Purpose, Stream};

/// How far an f32 result may be from the CPU's, relative to the largest of its tensor: other orders of summation, and
/// the hardware's exponential.
const F32_TOLERANCE: f32 = 2e-5;

/// How far a bf16 result may be from the CPU's f32 one: two roundings, each by at most 2⁻⁸, of the result and of what
/// it is summed of, and 1 % for the order of summation.
const BF16_TOLERANCE: f32 = 1.01 / 128.0;

/// The device under test.
///
/// # Panics
/// When there is none: a test that cannot run fails.
pub(crate) fn cuda() -> Device {
    Device::new_cuda(0).expect("these tests need a CUDA device; tests/cuda/prepare makes an emulated one")
}

/// Normal draws that a number format holds exactly.
pub(crate) fn normal(sample: u64, length: usize, dtype: DType) -> Vec<f32> {
    let stream = Stream::new(21, Purpose::Bench, 0, sample, 0);
    (0..length as u64).map(|at| rounded(stream.normal(at) as f32, dtype)).collect()
}

/// A number format of activations.
pub(crate) fn formats() -> impl Strategy<Value = DType> {
    prop_oneof![Just(DType::F32), Just(DType::BF16)]
}

/// The nearest number of a format.
pub(crate) fn rounded(value: f32, dtype: DType) -> f32 {
    if dtype == DType::BF16 { half::bf16::from_f32(value).to_f32() } else { value }
}

/// These numbers on the device.
pub(crate) fn upload(values: &[f32], shape: &[usize], dtype: DType, device: &Device) -> Result<Tensor> {
    Tensor::from_slice(values, shape, &Device::Cpu)?.to_dtype(dtype)?.to_device(device)
}

/// A device's numbers.
pub(crate) fn download(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()
}

/// Holds a result against the CPU's.
///
/// # Panics
/// When an element is too far off, relative to the largest of `expected` and `scale`.
pub(crate) fn assert_near(what: &str, found: &Tensor, expected: &[f32], scale: f32) -> Result<()> {
    let tolerance = if found.dtype() == DType::BF16 { BF16_TOLERANCE } else { F32_TOLERANCE };
    let largest = expected.iter().fold(scale, |largest, value| largest.max(value.abs()));
    let found = download(found)?;
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance * largest,
            "{what}: element {at} is {found} on the device and {expected} on the CPU"
        );
    }
    Ok(())
}
