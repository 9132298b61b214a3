//! A plain convolution, as timm's `ConvBnAct`.

use super::block_type::Channels::{In, Out};
use super::block_type::Window::Strided;
use super::{BlockType, Template};

/// A k×k convolution with batch normalisation and activation.
pub(super) const PLAIN: BlockType = BlockType {
    name: "conv",
    automl: None,
    class: "ConvBNAct",
    rust_type: "ConvBlock",
    ungated_class: None,
    layers: LAYERS,
    unexpanded: LAYERS,
    expands: false,
    has_shortcut: false,
    kernels: &[1, 3, 5, 7],
};

const LAYERS: &[Template] = &[Template::conv("conv", "conv", In, Out, Strided).activated()];
