//! Decodes a weight's values from a file's bytes, and checks that all of them are finite.

use candle_core::{DType, Device, Result, Tensor};

/// Number of values to decode, and then to check while they are in the nearest cache. LLVM vectorises both loops,
/// because neither can exit early.
const CHUNK: usize = 1 << 12;

/// The values of a tensor with these bytes, as f32; none where one is NaN or infinite.
pub(super) fn decode(bytes: &[u8], dtype: DType, shape: &[usize]) -> Result<Option<Vec<f32>>> {
    if dtype != DType::F32 {
        let tensor = Tensor::from_raw_buffer(bytes, dtype, shape, &Device::Cpu)?;
        let values: Vec<f32> = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        return Ok(values.chunks(CHUNK).all(all_finite).then_some(values));
    }
    let (all, _) = bytes.as_chunks::<4>();
    let mut values = Vec::with_capacity(all.len());
    for chunk in all.chunks(CHUNK) {
        let start = values.len();
        values.extend(chunk.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        if !all_finite(&values[start..]) {
            return Ok(None);
        }
    }
    Ok(Some(values))
}

/// Without the sign, a finite number's bits are below infinity's.
fn all_finite(values: &[f32]) -> bool {
    let largest = values.iter().fold(0, |most: i32, value| most.max(value.abs().to_bits() as i32));
    largest < f32::INFINITY.to_bits() as i32
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::{CHUNK, decode};

    #[test]
    fn one_value_in_any_place_is_found() {
        let finite = [0.0, -0.0, f32::MIN_POSITIVE, f32::from_bits(1), f32::MAX, f32::MIN];
        let values: Vec<f32> = finite.into_iter().cycle().take(2 * CHUNK + 5).collect();
        let decoded = |values: &[f32], dtype| {
            let bytes: Vec<u8> = match dtype {
                DType::F32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
                _ => values.iter().flat_map(|value| f64::from(*value).to_le_bytes()).collect(),
            };
            decode(&bytes, dtype, &[values.len()]).unwrap()
        };
        for dtype in [DType::F32, DType::F64] {
            assert_eq!(decoded(&[], dtype), Some(Vec::new()));
            let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&decoded(&values, dtype).unwrap()), bits(&values));
            for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::from_bits(0x7f80_0001)] {
                for at in [0, 1, 7, CHUNK - 1, CHUNK, 2 * CHUNK + 4] {
                    let mut values = values.clone();
                    values[at] = bad;
                    assert_eq!(decoded(&values, dtype), None, "{bad} at {at}");
                }
            }
        }
    }
}
