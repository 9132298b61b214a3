//! What a file is to be like.

use super::calibrate::Ranges;

/// Settings of an export. By default a file takes any number of images of any size as the network itself takes them, has
/// batch normalisation folded into its convolutions, and holds f32.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Side in pixels of the images, which are square; `None` for any height and width.
    pub size: Option<usize>,
    /// Number of images; `None` for any.
    pub batch: Option<usize>,
    /// Whether batch normalisations are nodes of their own.
    pub keep_batch_norm: bool,
    /// Whether the graph takes pixels as they are, `uint8` of `[N, H, W, C]`, and subtracts the mean and divides by the
    /// standard deviation itself. Else it takes floats of `[N, C, H, W]`, on which that has been done.
    pub preprocess: bool,
    /// Number format of the weights.
    pub weights: Weights,
}

/// Number format of a file's weights.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Weights {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits, which the graph converts to f32: half the file. Biases, statistics, and the few weights of the stem and of
    /// depthwise convolutions keep 32 bits.
    F16,
    /// 8 bits in dense convolutions, a step for each filter, and 8 bits for what these read, by the ranges that
    /// [`calibrate`](super::calibrate) found. A program that knows `QuantizeLinear` and
    /// `DequantizeLinear` multiplies integers, and any other what they stand for. All else is f32: stem, depthwise
    /// convolutions, squeeze-and-excitations, classifier, and what activations and shortcuts read.
    Int8(Ranges),
}
