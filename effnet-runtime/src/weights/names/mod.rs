//! The naming schemes of weight files, and our name for each of theirs.
//!
//! A scheme names the submodules of a layer, such as its convolution and its batch normalisation; PyTorch's programs name
//! the parameters of a submodule alike, and so do TensorFlow's.

mod automl;
mod grammar;
mod keras;
mod layout;
mod lukemelas;
mod nearest;
mod tensorflow;
mod timm;
mod torchvision;
mod unnameable;

use effnet_spec::plan::{Linear, Param, Part, Site, Submodule};
use effnet_spec::{Spec, named};

pub use layout::Layout;
pub use nearest::Nearest;
pub use unnameable::Unnameable;

named! {
    /// An implementation's way of naming parameters. Displayed, it is the implementation.
    pub enum Scheme: "implementation" {
        /// Our own, which are those of WZMIAOMIAO's `Test11_efficientnetV2`: `blocks.0.expand_conv.conv.weight`.
        Own = "effnet",
        /// torchvision's: `features.1.0.block.0.0.weight`.
        Torchvision = "torchvision",
        /// timm's: `blocks.0.0.conv_exp.weight`.
        Timm = "timm",
        /// lukemelas' `EfficientNet-PyTorch`: `_blocks.0._depthwise_conv.weight`.
        Lukemelas = "lukemelas",
        /// Keras': `block1a_project_conv/kernel`.
        Keras = "keras",
        /// automl's, as TensorFlow 1's variables: `blocks_0/conv2d/kernel`.
        Automl = "automl",
        /// automl's, as TensorFlow 2's objects: `_blocks/0/_project_conv/kernel`.
        AutomlObjects = "automl-objects",
    }
}

/// One parameter's name with us and in another scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePair {
    /// Our name.
    pub ours: String,
    /// The scheme's.
    pub theirs: String,
    /// How the scheme's implementation stores it.
    pub layout: Layout,
}

impl Scheme {
    /// The scheme that has this name for the stem's weights.
    pub(crate) fn of(has: impl Fn(&str) -> bool) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| has(scheme.stem_weight()))
    }

    /// The prefix of a name of the stem's weights, possibly empty; `None` for any other name.
    pub(crate) fn in_front_of_stem(name: &str) -> Option<&str> {
        Self::ALL.into_iter().find_map(|scheme| {
            let prefix = name.strip_suffix(scheme.stem_weight())?;
            (prefix.is_empty() || prefix.ends_with(scheme.separator())).then_some(prefix)
        })
    }

    /// What stands between the members of a name.
    pub(crate) const fn separator(self) -> char {
        if self.is_tensorflow() { '/' } else { '.' }
    }

    pub(crate) const fn is_tensorflow(self) -> bool {
        matches!(self, Self::Keras | Self::Automl | Self::AutomlObjects)
    }

    const fn stem_weight(self) -> &'static str {
        match self {
            Self::Own => "stem.conv.weight",
            Self::Torchvision => "features.0.0.weight",
            Self::Timm => "conv_stem.weight",
            Self::Lukemelas => "_conv_stem.weight",
            Self::Keras => "stem_conv/kernel",
            Self::Automl => "stem/conv2d/kernel",
            Self::AutomlObjects => "_stem/_conv_stem/kernel",
        }
    }

    /// Name of the classifier.
    pub(crate) const fn classifier(self) -> &'static str {
        match self {
            Self::Own => Linear::NAME,
            Self::Torchvision => "classifier.1",
            Self::Timm => "classifier",
            Self::Lukemelas | Self::AutomlObjects => "_fc",
            Self::Keras => "predictions",
            Self::Automl => "head/dense",
        }
    }

    /// Name of the classifier's weights (`weight`) or bias (`bias`).
    pub(crate) fn of_classifier(self, param: &str) -> String {
        let leaf = if self.is_tensorflow() && param == "weight" { "kernel" } else { param };
        format!("{}{}{leaf}", self.classifier(), self.separator())
    }

    /// All parameters of a network, with their names in this scheme, in the network's order.
    ///
    /// # Errors
    /// When the scheme's implementation has no such network, and so no names.
    pub fn pairs(self, spec: &Spec) -> Result<Vec<NamePair>, Unnameable> {
        // Names do not depend on the number of classes.
        let mut ours = spec.parameters(1).map(|(name, _)| name);
        let stages = spec.stages().count();
        let depthwise = if self == Self::Keras { keras::depthwise(spec) } else { "" };
        let mut pairs = Vec::new();
        for site in spec.sites() {
            self.check_expansion(&site)?;
            for (module, param) in site.layer.params() {
                let (theirs, layout) = self.parameter(&site, module, &param, stages, depthwise)?;
                pairs.extend(ours.next().map(|ours| NamePair { ours, theirs, layout }));
            }
        }
        let params = spec.classifier(1).into_iter().flat_map(|classifier| classifier.params());
        pairs.extend(ours.zip(params).map(|(ours, param)| {
            let layout = if self.is_tensorflow() && param.name == "weight" { Layout::Io } else { Layout::Same };
            NamePair { ours, theirs: self.of_classifier(param.name), layout }
        }));
        Ok(pairs)
    }

    /// Only timm's blocks have an expand convolution where it leaves the channels as they are.
    fn check_expansion(self, site: &Site) -> Result<(), Unnameable> {
        match site.part {
            Part::Block(block)
                if block.expands && block.expanded == block.in_channels && !matches!(self, Self::Own | Self::Timm) =>
            {
                let reason = "it has no expand convolution of as many channels as its block takes";
                Err(Unnameable::row(self, block.row, reason))
            }
            _ => Ok(()),
        }
    }

    fn parameter(
        self,
        site: &Site,
        module: Submodule,
        param: &Param,
        stages: usize,
        depthwise: &str,
    ) -> Result<(String, Layout), Unnameable> {
        let (submodule, kernel) = match self {
            Self::Own => (format!("{}.{}", site.name(), module.name()), ""),
            Self::Torchvision => (torchvision::submodule(site, module, stages)?, ""),
            Self::Timm => (timm::submodule(site, module), ""),
            Self::Lukemelas => (lukemelas::submodule(site, module)?, ""),
            Self::Keras => (keras::submodule(site, module, depthwise)?, "kernel"),
            Self::Automl => (automl::variable(site, module)?, "depthwise_kernel"),
            Self::AutomlObjects => (automl::object(site, module)?, "depthwise_kernel"),
        };
        if !self.is_tensorflow() {
            return Ok((format!("{submodule}.{}", param.name), Layout::Same));
        }
        let layout = Layout::of_tensorflow(site.layer.kind, module, param.name);
        Ok((format!("{submodule}/{}", tensorflow::leaf(layout, module, param.name, kernel)), layout))
    }
}

/// Whether a name is PyTorch's count of batches, which nothing here needs.
pub(crate) fn is_batch_count(name: &str) -> bool {
    name.ends_with("num_batches_tracked")
}

#[cfg(test)]
mod tests;
