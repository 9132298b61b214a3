//! MBConv (MobileNetV2's inverted residual, with squeeze-and-excitation).

use candle_core::{Result, Tensor};
use effnet_spec::Block;

use super::drop_path::DropPath;
use super::sequence::{self, Layer};
use super::{ConvBnAct, ConvShape, SqueezeExcite};
use crate::ops::Kind;
use crate::pass::Pass;
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

    /// `[N, H', W', out_channels]` of `x` = `[N, H, W, in_channels]`.
    ///
    /// # Errors
    /// When `x` does not fit, or candle fails.
    pub fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        let layers: Vec<Layer<'_>> = (self.expand.iter().map(Layer::ConvBnAct))
            .chain([Layer::ConvBnAct(&self.depthwise)])
            .chain(self.squeeze_excite.iter().map(Layer::SqueezeExcite))
            .chain([Layer::ConvBnAct(&self.project)])
            .collect();
        sequence::run(x, &layers, self.shortcut.as_ref().map(|drop_path| (x, drop_path)), pass)
    }
}
