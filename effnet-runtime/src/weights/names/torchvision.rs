//! torchvision's names (`torchvision/models/efficientnet.py`): every sequence counts its members.

use effnet_spec::Block;

use super::{Names, Site, block_sites};

pub(super) fn names(site: Site<'_>, stages: usize) -> Names {
    match site {
        Site::Stem => normed("features.0"),
        Site::Expand(block) | Site::Depthwise(block) | Site::Project(block) => normed(&member(block, site)),
        Site::SqueezeReduce(block) => Names::Biased(format!("{}.fc1", member(block, site))),
        Site::SqueezeExpand(block) => Names::Biased(format!("{}.fc2", member(block, site))),
        Site::Head => normed(&format!("features.{}", stages + 1)),
        Site::Classifier => Names::Biased("classifier.1".into()),
    }
}

fn normed(layer: &str) -> Names {
    Names::normed(format!("{layer}.0"), format!("{layer}.1"))
}

/// The member of its block's sequence that a site is. Squeeze and excitation is one member. Where torchvision has no
/// such block (a fused one with squeeze and excitation), the members are counted all the same.
fn member(block: &Block, site: Site<'_>) -> String {
    let at = block_sites(block)
        .into_iter()
        .filter(|other| !matches!(other, Site::SqueezeExpand(_)))
        .position(|other| match site {
            Site::SqueezeExpand(_) => matches!(other, Site::SqueezeReduce(_)),
            site => std::mem::discriminant(&other) == std::mem::discriminant(&site),
        })
        // A site is always one of its own block's.
        .unwrap_or_default();
    format!("features.{}.{}.block.{at}", block.stage + 1, block.repeat)
}
