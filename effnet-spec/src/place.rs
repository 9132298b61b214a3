//! Where in a table a mistake is.

use crate::named::named;

/// What a mistake is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The table as a whole.
    Table,
    /// A row, counted from 0.
    Row(usize),
    /// One cell of a row, counted from 0.
    Cell(usize, Column),
    /// A setting.
    Setting(Key),
}

named! {
    /// A cell's place in its row.
    pub enum Column: "cell" {
        /// How many blocks the stage has.
        Repeats = "repeats",
        /// Side of the kernel.
        Kernel = "kernel",
        /// Stride of the first block.
        Stride = "stride",
        /// Ratio of expanded to input channels.
        Expansion = "expansion",
        /// Channels in.
        In = "in",
        /// Channels out.
        Out = "out",
        /// The kind of block.
        Operator = "operator",
        /// Squeezed channels as a share of the input's.
        SeRatio = "se_ratio",
    }
}

impl Column {
    /// What a cell of it may say, to follow "must be".
    pub const fn legal(self) -> &'static str {
        match self {
            Self::Repeats | Self::Expansion | Self::In | Self::Out => "a positive whole number",
            Self::Kernel => "3, 5 or 7",
            Self::Stride => "1 or 2",
            Self::Operator => "`fused` or `mbconv`",
            Self::SeRatio => "a number from 0 (no squeeze-and-excitation) to 1",
        }
    }
}

named! {
    /// A setting of a table.
    pub enum Key: "setting" {
        /// Channels of an image.
        InChannels = "in_channels",
        /// Channels out of the stem.
        Stem = "stem",
        /// Channels of the head's convolution.
        NumFeatures = "num_features",
        /// Dropout in front of the classifier.
        Dropout = "dropout",
        /// Drop-path rate.
        DropPath = "drop_path",
        /// Epsilon of batch normalisation.
        BnEps = "bn_eps",
        /// Momentum of batch normalisation.
        BnMomentum = "bn_momentum",
        /// How convolutions pad.
        Padding = "padding",
        /// The blocks' non-linearity.
        Activation = "activation",
        /// Side of a training image.
        TrainSize = "train_size",
        /// Side of an evaluation image.
        EvalSize = "eval_size",
        /// Mean that is subtracted from pixels.
        Mean = "mean",
        /// Standard deviation that pixels are divided by.
        Std = "std",
        /// Factor that scales channels.
        Width = "width",
        /// Factor that scales repeats.
        Depth = "depth",
        /// Limits on parameters and MACs.
        Budget = "budget",
        /// Path to the runtime crate.
        Crate = "crate",
    }
}

impl Key {
    /// What its value may be, to follow "must be".
    pub const fn legal(self) -> &'static str {
        match self {
            Self::InChannels | Self::Stem | Self::NumFeatures | Self::TrainSize | Self::EvalSize => {
                "a positive whole number"
            }
            Self::Dropout | Self::DropPath => "a number from 0 to below 1",
            Self::BnMomentum => "a number from 0 to 1",
            Self::BnEps | Self::Width | Self::Depth => "a positive number",
            Self::Padding => "`symmetric` or `same`",
            Self::Activation => "`silu`, `relu`, `relu6` or `hard_swish`",
            Self::Mean => "one number, or one for each channel",
            Self::Std => "one positive number, or one for each channel",
            Self::Budget => "limits such as `{ params: 22M, macs: 8.4G, at: 384 }`",
            Self::Crate => "a path such as `crate::effnet`",
        }
    }
}
