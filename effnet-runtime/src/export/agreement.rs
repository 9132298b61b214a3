//! Whether a file computes what the engine computes.

use candle_core::{Device, Tensor};

use super::Onnx;
use super::error::{Error, Result};
use super::input::Input;
use super::message::data_type;
use crate::infer::Engine;
use crate::random::{Purpose, Stream};

/// How far results may be from the engine's, in standard deviations of these: two ways to sum in f32.
const TOLERANCE: f64 = 1e-4;

/// The same with weights in f16, which are off by up to 2⁻¹¹ of themselves: a fault makes it 1, and the variants with
/// random weights and the statistics of random images 5e-3 (XL) to 2e-2 (Lite0).
const F16_TOLERANCE: f64 = 5e-2;

/// Height and width of the images for a graph that takes any: even sides and odd ones, since padding can depend on that.
const SIZES: [[usize; 2]; 2] = [[64, 97], [95, 66]];

/// The largest difference between the results of a file and the engine's, on random images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// In standard deviations of the engine's results.
    pub error: f64,
    /// The largest that is no mistake, in the same unit.
    pub tolerance: f64,
}

impl Onnx {
    /// Runs the graph and the engine on random images, and compares their results.
    ///
    /// # Errors
    /// When they differ by more than roundings do, and as [`Onnx::run`]. When the weights are int8: what they make of
    /// random images says nothing; [`Onnx::compare`] them on real ones.
    pub fn check(&self, engine: &Engine) -> Result<Agreement> {
        let has = |data_type| self.graph.initializer.iter().any(|tensor| tensor.data_type == data_type);
        if has(data_type::INT8) {
            return Err(Error::NeedsImages);
        }
        let tolerance = if has(data_type::FLOAT16) { F16_TOLERANCE } else { TOLERANCE };
        let dialect = self.metadata()?.dialect;
        let input = Input::of(&self.graph, &dialect)?;
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        for (at, any) in SIZES.into_iter().enumerate() {
            let images = images(&input, any, at as u64)?;
            found.extend(self.run(&input.of_engine(&images)?)?.flatten_all()?.to_vec1::<f32>()?);
            expected.extend(engine.forward(&images)?.flatten_all()?.to_vec1::<f32>()?);
        }
        if found.len() != expected.len() {
            let (found, expected) = (found.len(), expected.len());
            return Err(Error::Unknown(format!("it puts out {found} numbers, and the engine {expected}")));
        }
        let error = error(&found, &expected);
        if error.is_nan() || error > tolerance {
            return Err(Error::Differs { error, tolerance });
        }
        Ok(Agreement { error, tolerance })
    }
}

/// The largest difference, in standard deviations of what is expected.
fn error(found: &[f32], expected: &[f32]) -> f64 {
    let mean = expected.iter().map(|x| f64::from(*x)).sum::<f64>() / expected.len() as f64;
    let square = |x: &f32| (f64::from(*x) - mean).powi(2);
    let deviation = (expected.iter().map(square).sum::<f64>() / expected.len() as f64).sqrt();
    let differences = found.iter().zip(expected).map(|(x, y)| (f64::from(*x) - f64::from(*y)).abs());
    let largest = differences.max_by(f64::total_cmp).unwrap_or_default();
    if largest == 0.0 { 0.0 } else { largest / deviation }
}

/// Random images `[N, C, H, W]` for the engine, of a size that the graph takes: of bytes, if it takes those.
fn images(input: &Input<'_>, any: [usize; 2], sample: u64) -> Result<Tensor> {
    let [height, width] = [0, 1].map(|axis| input.size[axis].unwrap_or(any[axis]));
    let shape = (input.batch.unwrap_or(2), height, width, input.channels);
    let stream = Stream::new(0, Purpose::Bench, 0, sample, 0);
    let value = |at: usize| match input.bytes {
        None => stream.normal(at as u64),
        // Spread as the others, in whole bytes.
        Some(dialect) => {
            let (mean, std) = (input.of_channel(&dialect.mean, at), input.of_channel(&dialect.std, at));
            let byte = (255.0 * (stream.normal(at as u64) * std + mean)).round().clamp(0.0, 255.0);
            (byte / 255.0 - mean) / std
        }
    };
    let values = (0..shape.0 * shape.1 * shape.2 * shape.3).map(|at| value(at) as f32).collect::<Vec<_>>();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?.permute((0, 3, 1, 2))?.contiguous()?)
}
