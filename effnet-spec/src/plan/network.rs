//! A network's layers, from the image to the logits.

use super::param::{Init, Param};
use super::{Conv, Layer, LayerKind, Template};
use crate::{Block, Cost, Spec};

/// A layer in its network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Site {
    /// The part of the network that it is a layer of.
    pub part: Part,
    /// The layer.
    pub layer: Layer,
}

/// A part of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// The stem.
    Stem,
    /// A block.
    Block(Block),
    /// The head.
    Head,
}

/// The classifier: a product with a matrix, and a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Features in.
    pub inputs: usize,
    /// Classes.
    pub outputs: usize,
}

impl Site {
    /// Our name of the layer, which is WZMIAOMIAO's: `blocks.3.dwconv`.
    pub fn name(&self) -> String {
        let layer = self.layer.name;
        match self.part {
            Part::Stem => layer.to_owned(),
            Part::Block(block) => format!("blocks.{}.{layer}", block.index),
            Part::Head => format!("head.{layer}"),
        }
    }
}

impl Linear {
    /// Its cost.
    pub const fn cost(&self) -> Cost {
        let (inputs, outputs) = (self.inputs as u64, self.outputs as u64);
        let macs = inputs.saturating_mul(outputs);
        Cost { params: macs.saturating_add(outputs), buffers: 0, macs, activations: outputs }
    }

    /// Our name of it, which is WZMIAOMIAO's.
    pub const NAME: &str = "head.classifier";

    /// Weight and bias. The weight starts as N(0, 0.01).
    pub fn params(&self) -> [Param; 2] {
        let Self { inputs, outputs } = *self;
        [
            Param::new("weight", [outputs, inputs], Init::Normal { deviation: 0.01 }),
            Param::new("bias", [outputs], Init::Constant(0.0)),
        ]
    }
}

impl Block {
    /// The block's layers, in the order in which an image passes them.
    pub fn layers(&self) -> impl Iterator<Item = Layer> + use<> {
        let block = *self;
        self.templates().iter().filter_map(move |template| template.layer(&block))
    }

    /// The block's layers in their network.
    pub fn sites(&self) -> impl Iterator<Item = Site> + use<> {
        let part = Part::Block(*self);
        self.layers().map(move |layer| Site { part, layer })
    }

    pub(crate) const fn templates(&self) -> &'static [Template] {
        let block_type = self.operator.block_type();
        if self.expansion == 1 { block_type.unexpanded } else { block_type.layers }
    }
}

impl Spec {
    /// The first convolution: 3×3, stride 2, from the image to the first row's input.
    pub const fn stem_conv(&self) -> Conv {
        Conv::activated([self.settings.in_channels, self.stem_channels()], 3, 2)
    }

    /// The head's convolution: 1×1, from the last row's output to the features in front of the classifier.
    pub const fn head_conv(&self) -> Conv {
        Conv::activated([self.last_channels(), self.settings.num_features], 1, 1)
    }

    /// The classifier behind the head's convolution and pooling.
    pub const fn classifier(&self, num_classes: usize) -> Linear {
        Linear { inputs: self.settings.num_features, outputs: num_classes }
    }

    /// The stem's only layer.
    pub const fn stem(&self) -> Site {
        let kind = LayerKind::Conv(self.stem_conv());
        Site { part: Part::Stem, layer: Layer { name: "stem", timm: "conv_stem", kind } }
    }

    /// The head's layer in front of pooling and classifier.
    pub const fn head(&self) -> Site {
        let kind = LayerKind::Conv(self.head_conv());
        Site { part: Part::Head, layer: Layer { name: "project_conv", timm: "conv_head", kind } }
    }

    /// Every layer in front of pooling, in the order in which an image passes them.
    pub fn sites(&self) -> impl Iterator<Item = Site> + '_ {
        std::iter::once(self.stem()).chain(self.blocks().flat_map(|block| block.sites())).chain([self.head()])
    }

    /// Our name and the shape of every parameter and buffer, in the order in which an image meets them.
    pub fn parameters(&self, num_classes: usize) -> impl Iterator<Item = (String, Vec<usize>)> + '_ {
        let layers = self.sites().flat_map(|site| {
            let params = site.layer.params().into_iter();
            params.map(move |(module, param)| (module.name_of(&site.name(), &param), param.shape))
        });
        let classifier = self.classifier(num_classes).params();
        layers.chain(classifier.map(|param| (format!("{}.{}", Linear::NAME, param.name), param.shape)))
    }
}
