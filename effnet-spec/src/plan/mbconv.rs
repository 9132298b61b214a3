//! MBConv: MobileNetV2's inverted residual, with squeeze-and-excitation.

use super::block_type::Channels::{Expanded, In, Out};
use super::block_type::Window::{Pixel, Strided};
use super::{BlockType, Template};

/// A 1×1 convolution expands, a depthwise k×k convolution filters, a squeeze-and-excitation gates, a 1×1 convolution
/// projects. With expansion 1, the block is depthwise-separable: it has no expansion.
pub(super) const MBCONV: BlockType = BlockType {
    name: "mbconv",
    automl: Some(0),
    class: "MBConv",
    rust_type: "MbConv",
    ungated_class: Some("Identity"),
    layers: &[
        Template::conv("expand_conv", "conv_pw", In, Expanded, Pixel).activated(),
        Template::depthwise("dwconv", "conv_dw", Expanded, Strided).activated(),
        Template::squeeze_excite("se", Expanded),
        Template::conv("project_conv", "conv_pwl", Expanded, Out, Pixel),
    ],
    unexpanded: &[
        Template::depthwise("dwconv", "conv_dw", In, Strided).activated(),
        Template::squeeze_excite("se", In),
        Template::conv("project_conv", "conv_pw", In, Out, Pixel),
    ],
    expands: true,
    has_shortcut: true,
    kernels: &[3, 5, 7],
};
