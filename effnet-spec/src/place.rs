//! Where in a table a mistake is.

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

/// A cell's place in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// How many blocks the stage has.
    Repeats,
    /// Side of the kernel.
    Kernel,
    /// Stride of the first block.
    Stride,
    /// Ratio of expanded to input channels.
    Expansion,
    /// Channels in.
    In,
    /// Channels out.
    Out,
    /// The kind of block.
    Operator,
    /// Squeezed channels as a share of the input's.
    SeRatio,
}

impl Column {
    /// Every column, in a row's order.
    pub const ALL: [Self; 8] = [
        Self::Repeats,
        Self::Kernel,
        Self::Stride,
        Self::Expansion,
        Self::In,
        Self::Out,
        Self::Operator,
        Self::SeRatio,
    ];

    /// Its name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Repeats => "repeats",
            Self::Kernel => "kernel",
            Self::Stride => "stride",
            Self::Expansion => "expansion",
            Self::In => "in",
            Self::Out => "out",
            Self::Operator => "operator",
            Self::SeRatio => "se_ratio",
        }
    }

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

/// A setting of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Channels of an image.
    InChannels,
    /// Channels out of the stem.
    Stem,
    /// Channels of the head's convolution.
    NumFeatures,
    /// Dropout in front of the classifier.
    Dropout,
    /// Drop-path rate.
    DropPath,
    /// Epsilon of batch normalisation.
    BnEps,
    /// Momentum of batch normalisation.
    BnMomentum,
    /// How convolutions pad.
    Padding,
    /// The blocks' non-linearity.
    Activation,
    /// Side of a training image.
    TrainSize,
    /// Side of an evaluation image.
    EvalSize,
    /// Mean that is subtracted from pixels.
    Mean,
    /// Standard deviation that pixels are divided by.
    Std,
    /// Factor that scales channels.
    Width,
    /// Factor that scales repeats.
    Depth,
    /// Limits on parameters and MACs.
    Budget,
    /// Path to the runtime crate.
    Crate,
}

impl Key {
    /// Every setting, in the order in which they are documented.
    pub const ALL: [Self; 17] = [
        Self::InChannels,
        Self::Stem,
        Self::NumFeatures,
        Self::Dropout,
        Self::DropPath,
        Self::BnEps,
        Self::BnMomentum,
        Self::Padding,
        Self::Activation,
        Self::TrainSize,
        Self::EvalSize,
        Self::Mean,
        Self::Std,
        Self::Width,
        Self::Depth,
        Self::Budget,
        Self::Crate,
    ];

    /// Its name in a table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InChannels => "in_channels",
            Self::Stem => "stem",
            Self::NumFeatures => "num_features",
            Self::Dropout => "dropout",
            Self::DropPath => "drop_path",
            Self::BnEps => "bn_eps",
            Self::BnMomentum => "bn_momentum",
            Self::Padding => "padding",
            Self::Activation => "activation",
            Self::TrainSize => "train_size",
            Self::EvalSize => "eval_size",
            Self::Mean => "mean",
            Self::Std => "std",
            Self::Width => "width",
            Self::Depth => "depth",
            Self::Budget => "budget",
            Self::Crate => "crate",
        }
    }

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
