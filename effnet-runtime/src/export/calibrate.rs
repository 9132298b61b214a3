//! The values that a network's convolutions read, on images like those that it will see.

use std::collections::BTreeMap;

use candle_core::Tensor;

use super::Onnx;
use super::error::{Error, Result};
use super::interpret::{Array, Interpreter};

/// Smallest and largest value in front of each dense convolution, by our name of the layer: what int8 spreads its 256 steps
/// over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranges(BTreeMap<String, [f32; 2]>);

impl Ranges {
    /// The smallest and the largest value that a layer, as `blocks.3.expand_conv`, has read.
    ///
    /// # Errors
    /// When no image has passed it.
    pub(super) fn of(&self, layer: &str) -> Result<[f32; 2]> {
        self.0.get(layer).copied().ok_or_else(|| Error::Uncalibrated(layer.to_owned()))
    }
}

/// Runs images through a network in f32, and keeps the smallest and the largest value that each of its convolutions reads.
/// Images are as [`Onnx::run`] takes them, a batch each; some dozens like those to come are enough.
///
/// ```
/// use effnet_runtime::candle::{Device, Tensor};
/// use effnet_runtime::export::{Error, Onnx, Options, Weights, calibrate};
/// use effnet_runtime::weights::Metadata;
/// use effnet_runtime::{Params, efficientnet_v2};
///
/// efficientnet_v2! {
///     pub struct Small < [1, 3, 2, 1, 8, 8, fused, 0], [1, 3, 2, 4, 8, 16, mbconv, 0.25] > { num_features: 32 }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let network = Small::new(2, Params::new(0).builder())?;
/// let about = Metadata::of(&network, "small", &[]);
/// let image = |_| Ok::<_, Error>(Tensor::randn(0f32, 1., (1, 3, 32, 32), &Device::Cpu)?);
/// let ranges = calibrate(&Onnx::new(&network, &about, &Options::default())?, (0..4).map(image))?;
/// let int8 = Onnx::new(&network, &about, &Options { weights: Weights::Int8(ranges), ..Options::default() })?;
/// # let _ = int8;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Onnx::run`], and where `images` has one.
pub fn calibrate<E: From<Error>>(
    network: &Onnx,
    images: impl IntoIterator<Item = std::result::Result<Tensor, E>>,
) -> std::result::Result<Ranges, E> {
    let interpreter = Interpreter::new(&network.graph)?;
    let mut ranges = BTreeMap::new();
    for images in images {
        let images = Array::of(&images?).map_err(Error::from)?;
        interpreter.run(images, |node, x| {
            // A squeeze-and-excitation's convolutions have other names.
            let Some(layer) = node.name.strip_suffix(".conv").filter(|_| node.op_type == "Conv") else { return };
            let range = ranges.entry(layer.to_owned()).or_insert([f32::INFINITY, f32::NEG_INFINITY]);
            *range = x.data.iter().fold(*range, |[low, high], x| [low.min(*x), high.max(*x)]);
        })?;
    }
    Ok(Ranges(ranges))
}
