//! A network's layers, from the image to the logits.

use crate::Spec;
use crate::plan::{Conv, Layer, LayerKind, Linear, Part, Site};

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
