//! The naming schemes of weight files, and our name for each of theirs.
//!
//! A scheme names the submodules of a layer, such as its convolution and its batch normalisation; all schemes name the
//! parameters of a submodule alike.

mod grammar;
mod nearest;
mod timm;
mod torchvision;

use effnet_spec::plan::{Linear, Site, Submodule};
use effnet_spec::{Spec, named};

pub use nearest::Nearest;

named! {
    /// An implementation's way of naming parameters. Displayed, it is the implementation.
    pub enum Scheme: "implementation" {
        /// Our own, which are those of WZMIAOMIAO's `Test11_efficientnetV2`: `blocks.0.expand_conv.conv.weight`.
        Own = "effnet",
        /// torchvision's: `features.1.0.block.0.0.weight`.
        Torchvision = "torchvision",
        /// timm's: `blocks.0.0.conv_exp.weight`.
        Timm = "timm",
    }
}

/// One parameter's name with us and in another scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePair {
    /// Our name.
    pub ours: String,
    /// The scheme's.
    pub theirs: String,
}

impl Scheme {
    /// The scheme that has this name for the stem's weights.
    pub(crate) fn of(has: impl Fn(&str) -> bool) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| has(scheme.stem_weight()))
    }

    /// The prefix of a name of the stem's weights, possibly empty; `None` for any other name.
    pub(crate) fn in_front_of_stem(name: &str) -> Option<&str> {
        let prefix = Self::ALL.into_iter().find_map(|scheme| name.strip_suffix(scheme.stem_weight()))?;
        (prefix.is_empty() || prefix.ends_with('.')).then_some(prefix)
    }

    fn stem_weight(self) -> &'static str {
        match self {
            Self::Own => "stem.conv.weight",
            Self::Torchvision => "features.0.0.weight",
            Self::Timm => "conv_stem.weight",
        }
    }

    /// Name of the classifier.
    pub(crate) const fn classifier(self) -> &'static str {
        match self {
            Self::Own => Linear::NAME,
            Self::Torchvision => "classifier.1",
            Self::Timm => "classifier",
        }
    }

    /// All parameters of a network, with their names in this scheme, in the network's order.
    pub fn pairs(self, spec: &Spec) -> Vec<NamePair> {
        // Names do not depend on the number of classes.
        let ours = spec.parameters(1).map(|(name, _)| name);
        let stages = spec.stages().count();
        let sites = spec.sites().flat_map(|site| {
            let params = site.layer.params().into_iter();
            params.map(move |(module, param)| format!("{}.{}", self.submodule(&site, module, stages), param.name))
        });
        let classifier = spec.classifier(1).into_iter().flat_map(|classifier| classifier.params());
        let classifier = classifier.map(|param| format!("{}.{}", self.classifier(), param.name));
        ours.zip(sites.chain(classifier)).map(|(ours, theirs)| NamePair { ours, theirs }).collect()
    }

    fn submodule(self, site: &Site, submodule: Submodule, stages: usize) -> String {
        match self {
            Self::Own => format!("{}.{}", site.name(), submodule.name()),
            Self::Torchvision => torchvision::submodule(site, submodule, stages),
            Self::Timm => timm::submodule(site, submodule),
        }
    }
}

/// Whether a name is PyTorch's count of batches, which nothing here needs.
pub(crate) fn is_batch_count(name: &str) -> bool {
    name.ends_with("num_batches_tracked")
}

#[cfg(test)]
mod tests;
