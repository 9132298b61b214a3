//! A block type, and the layers of its blocks before they have sizes.

use super::{Block, Conv, ConvKind, Layer, LayerKind, SqueezeExcite};

/// A type of block: its names, and its layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockType {
    /// Name in a stage table.
    pub name: &'static str,
    /// Number behind `c` in google/automl's block notation, if that knows the type.
    pub automl: Option<usize>,
    /// Class in the PyTorch model, as torchsummary prints it.
    pub class: &'static str,
    /// Type in generated code.
    pub rust_type: &'static str,
    /// Class in the PyTorch model in the place of a squeeze-and-excitation that a block goes without, if one stands there.
    pub ungated_class: Option<&'static str>,
    /// The layers, in the order in which an image passes them. Where the block has a shortcut, the last one is a
    /// convolution: the shortcut is added to its result.
    pub layers: &'static [Template],
    /// The layers without an expand convolution.
    pub unexpanded: &'static [Template],
    /// Whether blocks may expand and have a squeeze-and-excitation. One that may not has one map in and one out.
    pub expands: bool,
    /// Whether blocks have a shortcut where their row says nothing.
    pub has_shortcut: bool,
    /// The sides that a kernel may have.
    pub kernels: &'static [usize],
}

/// A layer whose sizes a block decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Template {
    name: &'static str,
    timm: &'static str,
    /// Whether the block's activation follows a convolution; that of a projection is the block's to say.
    activated: bool,
    op: Op,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Op {
    /// A convolution from the first of these maps to the second.
    Conv(ConvKind, [Channels; 2], Window),
    SqueezeExcite(Channels),
}

/// A block's map, whose channels are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channels {
    /// The block's input.
    In,
    /// The maps between expansion and projection.
    Expanded,
    /// The block's output.
    Out,
}

/// The window of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// A single pixel.
    Pixel,
    /// The block's kernel, at stride 1.
    Kernel,
    /// The block's kernel, at its stride: one layer of a block has this.
    Strided,
}

impl Template {
    /// A dense convolution with batch normalisation.
    pub const fn conv(name: &'static str, timm: &'static str, from: Channels, to: Channels, window: Window) -> Self {
        Self { name, timm, activated: false, op: Op::Conv(ConvKind::Dense, [from, to], window) }
    }

    /// A depthwise convolution with batch normalisation.
    pub const fn depthwise(name: &'static str, timm: &'static str, channels: Channels, window: Window) -> Self {
        Self { name, timm, activated: false, op: Op::Conv(ConvKind::Depthwise, [channels; 2], window) }
    }

    /// A squeeze-and-excitation, which blocks with an SE ratio of 0 leave out. All implementations call it alike.
    pub const fn squeeze_excite(name: &'static str, channels: Channels) -> Self {
        Self { name, timm: name, activated: false, op: Op::SqueezeExcite(channels) }
    }

    /// The same convolution, with the block's activation behind its batch normalisation.
    #[must_use]
    pub const fn activated(self) -> Self {
        assert!(matches!(self.op, Op::Conv(..)), "only a convolution has an activation");
        Self { activated: true, ..self }
    }

    /// Whether the block's activation follows, whatever the row says of a projection.
    pub(crate) const fn is_activated(&self) -> bool {
        self.activated
    }

    /// Channels of its output, in a block of these sizes.
    pub(crate) const fn out_channels(&self, block: &Block) -> usize {
        match self.op {
            Op::Conv(_, [_, channels], _) | Op::SqueezeExcite(channels) => channels.of(block),
        }
    }

    /// The layer in a block of these sizes, if the block has it.
    pub(crate) const fn layer(&self, block: &Block) -> Option<Layer> {
        let kind = match self.op {
            Op::SqueezeExcite(_) if block.squeezed == 0 => return None,
            Op::SqueezeExcite(channels) => {
                let Block { squeezed, se_activation: activation, gate, .. } = *block;
                LayerKind::SqueezeExcite(SqueezeExcite { channels: channels.of(block), squeezed, activation, gate })
            }
            Op::Conv(kind, [from, to], window) => {
                let (kernel, stride) = match window {
                    Window::Pixel => (1, 1),
                    Window::Kernel => (block.kernel, 1),
                    Window::Strided => (block.kernel, block.stride),
                };
                let (in_channels, out_channels) = (from.of(block), to.of(block));
                let activated = self.activated || block.project_activation;
                let activation = if activated { Some(block.activation) } else { None };
                LayerKind::Conv(Conv { kind, in_channels, out_channels, kernel, stride, activation })
            }
        };
        Some(Layer { name: self.name, timm: self.timm, kind })
    }
}

impl Channels {
    const fn of(self, block: &Block) -> usize {
        match self {
            Self::In => block.in_channels,
            Self::Expanded => block.expanded,
            Self::Out => block.out_channels,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Operator;

    #[test]
    fn every_block_type_keeps_the_rules() {
        for block_type in Operator::ALL.map(Operator::block_type) {
            for layers in [block_type.layers, block_type.unexpanded] {
                let names: BTreeSet<&str> = layers.iter().map(|layer| layer.name).collect();
                assert_eq!(names.len(), layers.len(), "{}: a name stands twice", block_type.name);
                let strided = layers.iter().filter(|layer| matches!(layer.op, Op::Conv(_, _, Window::Strided)));
                assert_eq!(strided.count(), 1, "{}: one layer is strided", block_type.name);
                let last = layers.last().map(|layer| layer.op);
                assert!(matches!(last, Some(Op::Conv(..))), "{}: a shortcut joins a convolution", block_type.name);
            }
        }
    }
}
