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

/// Side in pixels of an image where a table says none.
pub const DEFAULT_SIZE: usize = 224;

/// A network's settings, each with a default: what a table's `{ … }` says, after scaling.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Settings {
    /// Channels of an image. Default 3.
    pub in_channels: usize,
    /// Channels of the head's 1×1 convolution. Default 1280.
    pub num_features: usize,
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
    /// The blocks' non-linearity. Default SiLU.
    pub activation: Activation,
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
        dropout: 0.2,
        drop_path: 0.2,
        bn_eps: 1e-3,
        bn_momentum: 0.1,
        padding: Padding::Symmetric,
        activation: Activation::Silu,
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
