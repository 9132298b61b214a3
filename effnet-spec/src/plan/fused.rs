//! Fused-MBConv (EfficientNetV2, section 3.2).

use super::block_type::Channels::{Expanded, In, Out};
use super::block_type::Window::{Pixel, Strided};
use super::{BlockType, Template};

/// A k×k convolution expands, a 1×1 convolution projects; with expansion 1, one k×k convolution with activation does
/// both. The squeeze-and-excitation stands behind the expansion, or, with expansion 1, in front of the convolution
/// (automl's `FusedMBConvBlock.call`).
pub(super) const FUSED: BlockType = BlockType {
    name: "fused",
    automl: Some(1),
    class: "FusedMBConv",
    rust_type: "FusedMbConv",
    ungated_class: None,
    layers: &[
        Template::conv("expand_conv", "conv_exp", In, Expanded, Strided).activated(),
        Template::squeeze_excite("se", Expanded),
        Template::conv("project_conv", "conv_pwl", Expanded, Out, Pixel),
    ],
    unexpanded: &[
        Template::squeeze_excite("se", In),
        Template::conv("project_conv", "conv", In, Out, Strided).activated(),
    ],
    expands: true,
    has_shortcut: true,
    kernels: &[3, 5, 7],
};
