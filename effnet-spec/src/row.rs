//! One row of a stage table.

use std::fmt;

use crate::{Block, Operator};

/// The most blocks that all stages may have together.
pub const MAX_BLOCKS: usize = 1_000;

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

    /// The stage's block at this repeat, as if the stage were the network's first and without drop path.
    pub(crate) const fn block(&self, repeat: usize) -> Block {
        let (in_channels, stride) = if repeat == 0 { (self.in_channels, self.stride) } else { (self.out_channels, 1) };
        Block {
            index: repeat,
            stage: 0,
            repeat,
            operator: self.operator,
            kernel: self.kernel,
            stride,
            expansion: self.expansion,
            in_channels,
            out_channels: self.out_channels,
            expanded: in_channels.saturating_mul(self.expansion),
            squeezed: squeezed(in_channels, self.se_ratio),
            drop_path: 0.0,
        }
    }
}

/// `max(1, int(in · ratio))`, the product in f64 and truncated, as Python does; 0 without squeeze-and-excitation.
const fn squeezed(in_channels: usize, se_ratio: f64) -> usize {
    match (in_channels as f64 * se_ratio) as usize {
        0 if se_ratio > 0.0 => 1,
        channels => channels,
    }
}

/// The row as a stage table has it: `[2, 3, 1, 1, 24, 24, fused, 0]`.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { repeats, kernel, stride, expansion, in_channels, out_channels, operator, se_ratio } = self;
        write!(f, "[{repeats}, {kernel}, {stride}, {expansion}, {in_channels}, {out_channels}, {operator}, {se_ratio}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_a_row_as_the_macro_takes_it() {
        let row = Row::new(6, 3, 2, 4, 64, 128, Operator::MbConv, 0.25);
        assert_eq!(row.to_string(), "[6, 3, 2, 4, 64, 128, mbconv, 0.25]");
        assert_eq!(Row::new(2, 3, 1, 1, 24, 24, Operator::Fused, 0.0).to_string(), "[2, 3, 1, 1, 24, 24, fused, 0]");
    }
}
