//! Whose names a file speaks, and what they are in ours.
//!
//! A network is a list of [`Site`]s: convolutions with their batch normalisation, convolutions with a bias, and the
//! classifier. A scheme names a site; the parameters below it follow.

mod grammar;
mod nearest;
mod own;
mod timm;
mod torchvision;

use effnet_spec::{Block, Spec};

pub use nearest::Nearest;

/// An implementation's way of naming parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Our own, which are those of WZMIAOMIAO's `Test11_efficientnetV2`: `blocks.0.expand_conv.conv.weight`.
    Own,
    /// torchvision's: `features.1.0.block.0.0.weight`.
    Torchvision,
    /// timm's: `blocks.0.0.conv_exp.weight`.
    Timm,
}

/// A place in a network that has parameters.
#[derive(Clone, Copy, Debug)]
enum Site<'a> {
    Stem,
    Expand(&'a Block),
    Depthwise(&'a Block),
    SqueezeReduce(&'a Block),
    SqueezeExpand(&'a Block),
    Project(&'a Block),
    Head,
    Classifier,
}

/// How a scheme names the parameters of a site.
enum Names {
    /// A convolution, and the batch normalisation behind it.
    Normed { conv: String, norm: String },
    /// Weight and bias.
    Biased(String),
}

impl Names {
    fn normed(conv: impl Into<String>, norm: impl Into<String>) -> Self {
        Self::Normed { conv: conv.into(), norm: norm.into() }
    }

    /// The parameters' names, in an order that is the same in every scheme.
    fn parameters(&self) -> Vec<String> {
        match self {
            Self::Normed { conv, norm } => {
                let mut names = vec![format!("{conv}.weight")];
                names.extend(
                    ["weight", "bias", "running_mean", "running_var"].map(|parameter| format!("{norm}.{parameter}")),
                );
                names
            }
            Self::Biased(layer) => ["weight", "bias"].map(|parameter| format!("{layer}.{parameter}")).to_vec(),
        }
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
    pub(crate) const ALL: [Self; 3] = [Self::Own, Self::Torchvision, Self::Timm];

    /// The scheme that has this name for the stem's weights.
    pub(crate) fn of(has: impl Fn(&str) -> bool) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| has(scheme.stem_weight()))
    }

    /// What stands in front of a name of the stem's weights, be it nothing; `None` of any other name.
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

    /// Name of the classifier's bias.
    pub(crate) fn classifier_bias(self) -> &'static str {
        match self {
            Self::Own => "head.classifier.bias",
            Self::Torchvision => "classifier.1.bias",
            Self::Timm => "classifier.bias",
        }
    }

    /// Name of the implementation, for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "effnet",
            Self::Torchvision => "torchvision",
            Self::Timm => "timm",
        }
    }

    /// All parameters of a network, with their names in this scheme, in the network's order.
    pub fn pairs(self, spec: &Spec) -> Vec<NamePair> {
        let blocks: Vec<_> = spec.blocks().collect();
        let stages = spec.rows.len();
        let mut pairs = Vec::new();
        for site in sites(&blocks) {
            let ours = own::names(site).parameters();
            let theirs = self.names(site, stages).parameters();
            pairs.extend(ours.into_iter().zip(theirs).map(|(ours, theirs)| NamePair { ours, theirs }));
        }
        pairs
    }

    fn names(self, site: Site<'_>, stages: usize) -> Names {
        match self {
            Self::Own => own::names(site),
            Self::Torchvision => torchvision::names(site, stages),
            Self::Timm => timm::names(site),
        }
    }
}

/// Whether a name is PyTorch's count of batches, which nothing here needs.
pub(crate) fn is_batch_count(name: &str) -> bool {
    name.ends_with("num_batches_tracked")
}

/// The sites of a network with these blocks, first to last.
fn sites(blocks: &[Block]) -> Vec<Site<'_>> {
    let mut sites = vec![Site::Stem];
    for block in blocks {
        sites.extend(block_sites(block));
    }
    sites.extend([Site::Head, Site::Classifier]);
    sites
}

/// The sites of a block, in the order in which its layers run.
fn block_sites(block: &Block) -> Vec<Site<'_>> {
    let squeeze: &[Site<'_>] =
        if block.squeezed > 0 { &[Site::SqueezeReduce(block), Site::SqueezeExpand(block)] } else { &[] };
    let mut sites = Vec::new();
    if block.expansion != 1 {
        sites.push(Site::Expand(block));
    }
    if block.operator == effnet_spec::Operator::MbConv {
        sites.push(Site::Depthwise(block));
    }
    sites.extend(squeeze);
    sites.push(Site::Project(block));
    sites
}

#[cfg(test)]
mod tests;
