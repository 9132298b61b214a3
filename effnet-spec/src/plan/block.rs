//! A block of an unrolled table.

use super::Operator;

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
