//! The settings of a network besides its table.

use std::borrow::Cow;

use crate::named;

named! {
    /// How a convolution pads its input.
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
    pub enum Padding: "padding" {
        /// `(kernel - 1) / 2` zeros on every side (PyTorch, torchvision).
        Symmetric = "symmetric",
        /// TensorFlow's `SAME`: the output is `ceil(size / stride)`; an odd zero goes to the bottom and right.
        Same = "same",
    }
}

named! {
    /// The non-linearity of a block, and the inner one of its squeeze-and-excitation.
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
    pub enum Activation: "activation" {
        /// `x · sigmoid(x)`.
        Silu = "silu",
        /// `max(x, 0)`.
        Relu = "relu",
        /// `min(max(x, 0), 6)`.
        Relu6 = "relu6",
        /// `x · relu6(x + 3) / 6`.
        HardSwish = "hard_swish",
    }
}

named! {
    /// The function that makes gates of a squeeze-and-excitation's results.
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
    pub enum Gate: "gate" {
        /// `1 / (1 + exp(-x))`.
        Sigmoid = "sigmoid",
        /// `relu6(x + 3) / 6` (MobileNetV3).
        HardSigmoid = "hard_sigmoid",
    }
}

named! {
    /// The channels that a row's `se_ratio` is a share of.
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
    pub enum SeOf: "se_of" {
        /// The block's input: `max(1, int(in · ratio))`, as EfficientNet.
        Input = "input",
        /// The block's expanded channels, rounded to a multiple of 8 and by no more than 10 % down, as MobileNetV3.
        Expanded = "expanded",
    }
}

named! {
    /// What stands between the last stage and the classifier.
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
    pub enum HeadKind: "head" {
        /// A 1×1 convolution with batch normalisation and activation, then the mean over pixels.
        Conv = "conv",
        /// The mean over pixels, then a 1×1 convolution with activation and without normalisation (MobileNetV3).
        Pooled = "pooled",
        /// The mean over pixels alone.
        None = "none",
    }
}

/// Side in pixels of an image where a table says none.
pub const DEFAULT_SIZE: usize = 224;

/// A network's settings, each with a default: what a table's `{ … }` says, after scaling.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Settings {
    /// Channels of an image. Default 3.
    pub in_channels: usize,
    /// Channels of the head's 1×1 convolution, where it has one. Default 1280.
    pub num_features: usize,
    /// What stands between the last stage and the classifier. Default a convolution.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::serde::defaults::head"))]
    pub head: HeadKind,
    /// Whether a pooled head's convolution has a bias. Default true.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::serde::defaults::head_bias"))]
    pub head_bias: bool,
    /// Side of the stem's kernel: 1, 3, 5 or 7. Default 3.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::serde::defaults::stem_kernel"))]
    pub stem_kernel: usize,
    /// Probability of dropping a feature in front of the classifier. Default 0.2.
    pub dropout: f64,
    /// Drop-path rate that the blocks' own rates rise towards. Default 0.2.
    pub drop_path: f64,
    /// Epsilon of batch normalisation in newly initialised weights. Default 1e-3.
    pub bn_eps: f64,
    /// Momentum of the running statistics, in PyTorch's sense. Default 0.1.
    pub bn_momentum: f64,
    /// Padding of newly initialised weights. Default symmetric.
    pub padding: Padding,
    /// The non-linearity of stem, blocks and head, where a row says no other. Default SiLU.
    pub activation: Activation,
    /// What makes the gates of squeeze-and-excitations. Default a sigmoid.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::serde::defaults::se_gate"))]
    pub se_gate: Gate,
    /// Inner non-linearity of squeeze-and-excitations, if the table says one; else their block's.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub se_activation: Option<Activation>,
    /// The channels that an SE ratio is a share of. Default the block's input.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::serde::defaults::se_of"))]
    pub se_of: SeOf,
    /// Side in pixels of the largest training image, if the table says one.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub train_size: Option<usize>,
    /// Side in pixels of an evaluation image, if the table says one.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub eval_size: Option<usize>,
    /// Mean that is subtracted from pixels in 0..=1: one number for all channels, or one a channel. Default 0.5.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde::channels"))]
    pub mean: Cow<'static, [f64]>,
    /// Standard deviation that pixels are divided by: one number for all channels, or one a channel. Default 0.5.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde::channels"))]
    pub std: Cow<'static, [f64]>,
}

impl Settings {
    /// Every setting at its default.
    pub const DEFAULT: Self = Self {
        in_channels: 3,
        num_features: 1280,
        head: HeadKind::Conv,
        head_bias: true,
        stem_kernel: 3,
        dropout: 0.2,
        drop_path: 0.2,
        bn_eps: 1e-3,
        bn_momentum: 0.1,
        padding: Padding::Symmetric,
        activation: Activation::Silu,
        se_gate: Gate::Sigmoid,
        se_activation: None,
        se_of: SeOf::Input,
        train_size: None,
        eval_size: None,
        mean: Cow::Borrowed(&[0.5]),
        std: Cow::Borrowed(&[0.5]),
    };

    /// The side of an image where none is named: `eval_size`, else `train_size`, else [`DEFAULT_SIZE`].
    pub const fn default_size(&self) -> usize {
        match (self.eval_size, self.train_size) {
            (Some(size), _) | (None, Some(size)) => size,
            (None, None) => DEFAULT_SIZE,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::DEFAULT
    }
}
