//! A block of an unrolled table.

use super::Operator;
use crate::{Activation, Gate};

/// A block: a row's cells as they apply to one repeat, and the sizes that follow from them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// Position among all blocks of the network, from 0: the `3` of `blocks.3.dwconv.conv.weight`.
    pub index: usize,
    /// Position of its row, from 0.
    pub row: usize,
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
    /// Whether the block has an expand convolution.
    pub expands: bool,
    /// Channels in.
    pub in_channels: usize,
    /// Channels out.
    pub out_channels: usize,
    /// Channels between expansion and projection.
    pub expanded: usize,
    /// Squeezed channels of the squeeze-and-excitation; 0 where the block has none.
    pub squeezed: usize,
    /// Whether the row wants a shortcut where one is possible: see [`Block::has_shortcut`].
    pub shortcut: bool,
    /// The non-linearity of its layers.
    pub activation: Activation,
    /// Whether the non-linearity follows the projection too.
    pub project_activation: bool,
    /// Inner non-linearity of the squeeze-and-excitation.
    pub se_activation: Activation,
    /// What makes the gates of the squeeze-and-excitation.
    pub gate: Gate,
    /// Probability of dropping the block's branch for a sample. Used only where [`Block::has_shortcut`].
    pub drop_path: f64,
}

impl Block {
    /// Whether the block adds its input to its output: stride 1, as many channels out as in, and a row that wants it.
    pub const fn has_shortcut(&self) -> bool {
        self.shortcut && self.stride == 1 && self.in_channels == self.out_channels
    }
}
