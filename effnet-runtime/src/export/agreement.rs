//! Whether a file computes what the engine computes.

use candle_core::{Device, Tensor};

use super::error::{Error, Result};
use super::message::{GraphProto, data_type};
use crate::dialect::Dialect;
use crate::infer::Engine;
use crate::random::{Purpose, Stream};

/// How far results may be from the engine's, in standard deviations of these: two ways to sum in f32.
const TOLERANCE: f64 = 1e-4;

/// The same with weights in f16, which are off by up to 2⁻¹¹ of themselves: a fault makes it 1, and the variants with
/// random weights and the statistics of random images 5e-3 (XL) to 2e-2 (Lite0).
const F16_TOLERANCE: f64 = 5e-2;

/// Height and width of the images for a graph that takes any: one size is even and the other odd, since padding can
/// depend on that.
const SIZES: [[usize; 2]; 2] = [[64, 97], [95, 66]];

/// The largest difference between the results of a graph and the engine's, on random images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// In standard deviations of the engine's results.
    pub error: f64,
    /// The largest that is no mistake, in the same unit.
    pub tolerance: f64,
}

/// Compares the results of `run` with the engine's.
///
/// # Errors
/// When they differ by more than the tolerance, or either fails.
pub(super) fn agreement(
    graph: &GraphProto,
    dialect: &Dialect,
    engine: &Engine,
    run: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Agreement> {
    let has = |data_type| graph.initializer.iter().any(|tensor| tensor.data_type == data_type);
    let tolerance = if has(data_type::FLOAT16) { F16_TOLERANCE } else { TOLERANCE };
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    for (at, (theirs, ours)) in images(graph, dialect)?.into_iter().enumerate() {
        tracing::debug!("images {at}: {:?}", theirs.dims());
        found.extend(run(&theirs)?.flatten_all()?.to_vec1::<f32>()?);
        expected.extend(engine.forward(&ours)?.flatten_all()?.to_vec1::<f32>()?);
    }
    if found.len() != expected.len() {
        let (found, expected) = (found.len(), expected.len());
        return Err(Error::Unknown(format!("it puts out {found} numbers, and the engine {expected}")));
    }
    let mean = expected.iter().map(|x| f64::from(*x)).sum::<f64>() / expected.len() as f64;
    let square = |x: &f32| (f64::from(*x) - mean).powi(2);
    let deviation = (expected.iter().map(square).sum::<f64>() / expected.len() as f64).sqrt();
    let differences = found.iter().zip(&expected).map(|(x, y)| (f64::from(*x) - f64::from(*y)).abs());
    let largest = differences.max_by(f64::total_cmp).unwrap_or_default();
    let error = if largest == 0.0 { 0.0 } else { largest / deviation };
    if error.is_nan() || error > tolerance {
        return Err(Error::Differs { error, tolerance });
    }
    Ok(Agreement { error, tolerance })
}

/// Random images of the shapes that a graph takes, as it takes them and as the engine does.
fn images(graph: &GraphProto, dialect: &Dialect) -> Result<Vec<(Tensor, Tensor)>> {
    let input = graph.input.first().and_then(|input| input.r#type.as_ref()).and_then(|of| of.tensor_type.as_ref());
    let sides = input.and_then(|input| input.shape.as_ref()).map(|shape| &shape.dim[..]);
    let (Some(input), Some([batch, sides @ ..])) = (input, sides) else {
        return Err(Error::Unknown("its input is no batch of images".to_owned()));
    };
    let number = |at: usize| sides.get(at).and_then(|side| side.dim_value).map(|side| side as usize);
    let bytes = input.elem_type == data_type::UINT8;
    let [channels, height, width] = if bytes { [2, 0, 1] } else { [0, 1, 2] }.map(number);
    let (batch, channels) = (batch.dim_value.map_or(2, |batch| batch as usize), channels.unwrap_or(1));
    let mut sizes =
        SIZES.map(|[any_height, any_width]| [height.unwrap_or(any_height), width.unwrap_or(any_width)]).to_vec();
    sizes.dedup();
    let image = |(at, [height, width]): (usize, [usize; 2])| {
        let stream = Stream::new(0, Purpose::Bench, 0, at as u64, 0);
        let count = batch * channels * height * width;
        if !bytes {
            let values = (0..count as u64).map(|at| stream.normal(at) as f32).collect::<Vec<_>>();
            let images = Tensor::from_vec(values, (batch, channels, height, width), &Device::Cpu)?;
            return Ok((images.clone(), images));
        }
        let values = (0..count as u64).map(|at| stream.below(at, 256) as u8).collect::<Vec<_>>();
        let theirs = Tensor::from_vec(values.clone(), (batch, height, width, channels), &Device::Cpu)?;
        let of = |numbers: &[f64], at: usize| numbers[(at % channels).min(numbers.len() - 1)];
        let normalised =
            |(at, byte): (usize, u8)| (f64::from(byte) / 255.0 - of(&dialect.mean, at)) / of(&dialect.std, at);
        let ours = values.into_iter().enumerate().map(|value| normalised(value) as f32).collect::<Vec<_>>();
        let ours = Tensor::from_vec(ours, (batch, height, width, channels), &Device::Cpu)?;
        Ok((theirs, ours.permute((0, 3, 1, 2))?.contiguous()?))
    };
    sizes.into_iter().enumerate().map(image).collect()
}
