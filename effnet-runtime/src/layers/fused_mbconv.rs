//! Fused-MBConv (EfficientNetV2, section 3.2).

use candle_core::Result;
use effnet_spec::Block;

use super::drop_path::DropPath;
use super::sequence::{Layer, Sequence};
use super::{ConvBnAct, ConvShape, SqueezeExcite};
use crate::ops::Kind;
use crate::scope::Scope;

/// A k×k convolution expands, a 1×1 convolution projects; with expansion 1, a single k×k convolution with activation.
/// A squeeze-and-excitation stands between the two, or, with expansion 1, in front (automl's `FusedMBConvBlock.call`).
#[derive(Debug)]
pub struct FusedMbConv {
    expand: Option<ConvBnAct>,
    squeeze_excite: Option<SqueezeExcite>,
    project: ConvBnAct,
    shortcut: Option<DropPath>,
}

impl FusedMbConv {
    /// Takes its parameters from `scope`, the block's own.
    ///
    /// # Errors
    /// When the scope lacks a parameter, or has it in another shape.
    pub fn new(scope: &Scope<'_>, block: &Block) -> Result<Self> {
        let shape = |in_channels, out_channels, kernel, stride| ConvShape {
            kind: Kind::Dense,
            in_channels,
            out_channels,
            kernel,
            stride,
        };
        let Block { kernel, stride, in_channels, expanded, out_channels, .. } = *block;
        let activation = Some(scope.activation());
        let (expand, project) = if block.expansion == 1 {
            (None, (shape(in_channels, out_channels, kernel, stride), activation))
        } else {
            let expand = shape(in_channels, expanded, kernel, stride);
            let expand = ConvBnAct::new(&scope.below("expand_conv"), expand, activation)?;
            (Some(expand), (shape(expanded, out_channels, 1, 1), None))
        };
        let squeeze_excite = (block.squeezed > 0)
            .then(|| SqueezeExcite::new(&scope.below("se"), expanded, block.squeezed))
            .transpose()?;
        let project = ConvBnAct::new(&scope.below("project_conv"), project.0, project.1)?;
        Ok(Self { expand, squeeze_excite, project, shortcut: block.has_shortcut().then(|| DropPath::new(block)) })
    }

    /// Its layers, and the shortcut around them.
    pub fn sequence(&self) -> Sequence<'_> {
        let layers = (self.expand.iter().map(Layer::ConvBnAct))
            .chain(self.squeeze_excite.iter().map(Layer::SqueezeExcite))
            .chain([Layer::ConvBnAct(&self.project)])
            .collect();
        Sequence { layers, shortcut: self.shortcut.as_ref() }
    }
}
