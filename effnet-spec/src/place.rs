//! The places of a table: cells of its rows, settings and limits.

use crate::named;

/// The part of a table that a mistake is about.
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
    /// A limit in the setting `budget`.
    Limit(Limit),
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

named! {
    /// A limit in the setting `budget`, or what it refers to.
    pub enum Limit: "limit" {
        /// Trainable parameters.
        Params = "params",
        /// Multiply-accumulates for one image.
        Macs = "macs",
        /// Side of the image that `macs` is for.
        At = "at",
    }
}
