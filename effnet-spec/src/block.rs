//! A block of an unrolled table.

use crate::{Operator, Row};

/// A block: a row's cells as they apply to one repeat, and the sizes that follow from them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// Position among all blocks of the network, from 0: the `3` of `blocks.3.dwconv.conv.weight`.
    pub index: usize,
    /// Position of its stage, from 0.
    pub stage: usize,
    /// Position within its stage, from 0.
    pub repeat: usize,
    /// The block's type.
    pub operator: Operator,
    /// Side of the k×k kernel.
    pub kernel: usize,
    /// Stride of the k×k convolution.
    pub stride: usize,
    /// Ratio of expanded to input channels. With 1, the block has no expand convolution.
    pub expansion: usize,
    /// Channels in.
    pub in_channels: usize,
    /// Channels out.
    pub out_channels: usize,
    /// Channels between expand and project: `in_channels · expansion`.
    pub expanded: usize,
    /// Squeezed channels of the squeeze-and-excitation; 0 where the block has none.
    pub squeezed: usize,
    /// Probability of dropping the block's branch for a sample. Used only where [`Block::has_shortcut`].
    pub drop_path: f64,
}

impl Block {
    /// Whether the block adds its input to its output: stride 1 and as many channels out as in.
    pub const fn has_shortcut(&self) -> bool {
        self.stride == 1 && self.in_channels == self.out_channels
    }
}

impl Row {
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
