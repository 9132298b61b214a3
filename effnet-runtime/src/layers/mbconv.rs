//! MBConv (MobileNetV2's inverted residual, with squeeze-and-excitation).

use candle_core::Result;
use effnet_spec::Block;

use super::drop_path::DropPath;
use super::sequence::{Layer, Sequence};
use super::{ConvBnAct, ConvShape, SqueezeExcite};
use crate::ops::Kind;
use crate::scope::Scope;

/// A 1×1 convolution expands, a depthwise k×k convolution filters, a squeeze-and-excitation gates, a 1×1 convolution
/// projects. With expansion 1 there is no expand convolution.
#[derive(Debug)]
pub struct MbConv {
    expand: Option<ConvBnAct>,
    depthwise: ConvBnAct,
    squeeze_excite: Option<SqueezeExcite>,
    project: ConvBnAct,
    shortcut: Option<DropPath>,
}

impl MbConv {
    /// Takes its parameters from `scope`, the block's own.
    ///
    /// # Errors
    /// When the scope lacks a parameter, or has it in another shape.
    pub fn new(scope: &Scope<'_>, block: &Block) -> Result<Self> {
        let Block { kernel, stride, in_channels, expanded, out_channels, squeezed, .. } = *block;
        let pointwise = |in_channels, out_channels| ConvShape {
            kind: Kind::Dense,
            in_channels,
            out_channels,
            kernel: 1,
            stride: 1,
        };
        let depthwise =
            ConvShape { kind: Kind::Depthwise, in_channels: expanded, out_channels: expanded, kernel, stride };
        let activation = Some(scope.activation());
        let expand = (block.expansion != 1)
            .then(|| ConvBnAct::new(&scope.below("expand_conv"), pointwise(in_channels, expanded), activation))
            .transpose()?;
        let squeeze_excite =
            (squeezed > 0).then(|| SqueezeExcite::new(&scope.below("se"), expanded, squeezed)).transpose()?;
        Ok(Self {
            expand,
            depthwise: ConvBnAct::new(&scope.below("dwconv"), depthwise, activation)?,
            squeeze_excite,
            project: ConvBnAct::new(&scope.below("project_conv"), pointwise(expanded, out_channels), None)?,
            shortcut: block.has_shortcut().then(|| DropPath::new(block)),
        })
    }

    /// Its layers, and the shortcut around them.
    pub fn sequence(&self) -> Sequence<'_> {
        let layers = (self.expand.iter().map(Layer::ConvBnAct))
            .chain([Layer::ConvBnAct(&self.depthwise)])
            .chain(self.squeeze_excite.iter().map(Layer::SqueezeExcite))
            .chain([Layer::ConvBnAct(&self.project)])
            .collect();
        Sequence { layers, shortcut: self.shortcut.as_ref() }
    }
}
