//! A network's layers, from the image to the logits.

use crate::plan::{Conv, Layer, LayerKind, Linear, Part, PooledConv, Site};
use crate::{HeadKind, Spec};

impl Spec {
    /// The first convolution: stride 2, from the image to the first row's input.
    pub const fn stem_conv(&self) -> Conv {
        let channels = [self.settings.in_channels, self.stem_channels()];
        Conv::activated(channels, self.settings.stem_kernel, 2, self.settings.activation)
    }

    /// Features in front of the classifier: what the head's convolution puts out, or else the last stage.
    pub const fn num_features(&self) -> usize {
        match self.settings.head {
            HeadKind::Conv | HeadKind::Pooled => self.settings.num_features,
            HeadKind::None => self.last_channels(),
        }
    }

    /// The classifier; none for a network of no classes.
    pub const fn classifier(&self, num_classes: usize) -> Option<Linear> {
        match num_classes {
            0 => None,
            outputs => Some(Linear { inputs: self.num_features(), outputs }),
        }
    }

    /// The stem's only layer.
    pub const fn stem(&self) -> Site {
        let kind = LayerKind::Conv(self.stem_conv());
        Site { part: Part::Stem, layer: Layer { name: "stem", timm: "conv_stem", kind } }
    }

    /// The head's layer between the last stage and the classifier, if it has one.
    pub const fn head(&self) -> Option<Site> {
        let (in_channels, out_channels) = (self.last_channels(), self.settings.num_features);
        let activation = self.settings.activation;
        let kind = match self.settings.head {
            HeadKind::Conv => LayerKind::Conv(Conv::activated([in_channels, out_channels], 1, 1, activation)),
            HeadKind::Pooled => {
                let bias = self.settings.head_bias;
                LayerKind::Pooled(PooledConv { in_channels, out_channels, bias, activation })
            }
            HeadKind::None => return None,
        };
        Some(Site { part: Part::Head, layer: Layer { name: "project_conv", timm: "conv_head", kind } })
    }

    /// Every layer in front of the classifier, in the order in which an image passes them.
    pub fn sites(&self) -> impl Iterator<Item = Site> + '_ {
        std::iter::once(self.stem()).chain(self.blocks().flat_map(|block| block.sites())).chain(self.head())
    }

    /// Our name and the shape of every parameter and buffer, in the order in which an image meets them.
    pub fn parameters(&self, num_classes: usize) -> impl Iterator<Item = (String, Vec<usize>)> + '_ {
        let layers = self.sites().flat_map(|site| {
            let params = site.layer.params().into_iter();
            params.map(move |(module, param)| (module.name_of(&site.name(), &param), param.shape))
        });
        let classifier = self.classifier(num_classes).into_iter().flat_map(|classifier| classifier.params());
        layers.chain(classifier.map(|param| (format!("{}.{}", Linear::NAME, param.name), param.shape)))
    }
}
