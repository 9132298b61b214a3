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
    /// An option of a row, counted from 0.
    Option(usize, RowOption),
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
    /// An option behind a row's eight cells.
    pub enum RowOption: "option" {
        /// Whether the row continues the stage above.
        SameStage = "same_stage",
        /// Whether blocks have a shortcut where one is possible.
        Shortcut = "shortcut",
        /// Expanded channels.
        Expanded = "expanded",
        /// Whether a block of expansion 1 has its expand convolution.
        ExpandConv = "expand_conv",
        /// Squeezed channels.
        Squeezed = "squeezed",
        /// The blocks' non-linearity.
        Activation = "activation",
        /// Whether the non-linearity follows the projection too.
        ProjectActivation = "project_activation",
    }
}

named! {
    /// A setting of a table.
    pub enum Key: "setting" {
        /// Channels of an image.
        InChannels = "in_channels",
        /// Channels out of the stem.
        Stem = "stem",
        /// Side of the stem's kernel.
        StemKernel = "stem_kernel",
        /// Channels of the head's convolution.
        NumFeatures = "num_features",
        /// What stands between the last stage and the classifier.
        Head = "head",
        /// Whether a pooled head's convolution has a bias.
        HeadBias = "head_bias",
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
        /// What makes gates of a squeeze-and-excitation's results.
        SeGate = "se_gate",
        /// Inner non-linearity of squeeze-and-excitations.
        SeActivation = "se_activation",
        /// The channels that `se_ratio` is a share of.
        SeOf = "se_of",
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
        /// Rules of scaling.
        Scale = "scale",
        /// The way in which scaled repeats become whole.
        DepthRounding = "depth_rounding",
        /// The fewest channels of a scaled head.
        MinFeatures = "min_features",
        /// Whether the head's channels are not scaled.
        FixedFeatures = "fixed_features",
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
