//! Our names, which are WZMIAOMIAO's: blocks are counted through all stages, layers go by what they do.

use super::{Names, Site};

pub(super) fn names(site: Site<'_>) -> Names {
    let normed = |layer: String| Names::normed(format!("{layer}.conv"), format!("{layer}.bn"));
    match site {
        Site::Stem => normed("stem".into()),
        Site::Expand(block) => normed(format!("blocks.{}.expand_conv", block.index)),
        Site::Depthwise(block) => normed(format!("blocks.{}.dwconv", block.index)),
        Site::SqueezeReduce(block) => Names::Biased(format!("blocks.{}.se.conv_reduce", block.index)),
        Site::SqueezeExpand(block) => Names::Biased(format!("blocks.{}.se.conv_expand", block.index)),
        Site::Project(block) => normed(format!("blocks.{}.project_conv", block.index)),
        Site::Head => normed("head.project_conv".into()),
        Site::Classifier => Names::Biased("head.classifier".into()),
    }
}
