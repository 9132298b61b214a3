//! One row of a stage table.

/// The block that a stage repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Operator {
    /// Fused-MBConv: a full k×k convolution expands, a 1×1 convolution projects (EfficientNetV2, section 3.2).
    Fused,
    /// MBConv: a 1×1 convolution expands, a depthwise k×k convolution filters, a 1×1 convolution projects.
    MbConv,
}

impl Operator {
    /// The operator's name in a stage table: `fused` or `mbconv`.
    pub const fn name(self) -> &'static str {
        match self {
            Operator::Fused => "fused",
            Operator::MbConv => "mbconv",
        }
    }
}

/// One stage: the 8-tuple of WZMIAOMIAO's `Test11_efficientnetV2`, in its order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// How many blocks the stage has.
    pub repeats: usize,
    /// Side of the k×k kernel: 3, 5 or 7.
    pub kernel: usize,
    /// Stride of the stage's first block: 1 or 2. The others have stride 1.
    pub stride: usize,
    /// Ratio of expanded to input channels.
    pub expansion: usize,
    /// Channels into the stage's first block.
    pub in_channels: usize,
    /// Channels out of every block of the stage.
    pub out_channels: usize,
    /// The block that the stage repeats.
    pub operator: Operator,
    /// Squeezed channels as a share of the block's input channels; 0 for no squeeze-and-excitation.
    pub se_ratio: f64,
}

impl Row {
    /// A row from its eight cells, in the table's order.
    #[allow(clippy::too_many_arguments, reason = "the eight cells of a table's row, in its order")]
    pub const fn new(
        repeats: usize,
        kernel: usize,
        stride: usize,
        expansion: usize,
        in_channels: usize,
        out_channels: usize,
        operator: Operator,
        se_ratio: f64,
    ) -> Self {
        Self { repeats, kernel, stride, expansion, in_channels, out_channels, operator, se_ratio }
    }
}
