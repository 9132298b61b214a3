//! timm's names (`timm/models/_efficientnet_blocks.py`): `ConvBnAct`, `EdgeResidual`, `DepthwiseSeparableConv` and
//! `InvertedResidual`, each with convolutions by kind and normalisations by number.

use effnet_spec::{Block, Operator};

use super::{Names, Site};

pub(super) fn names(site: Site<'_>) -> Names {
    match site {
        Site::Stem => Names::normed("conv_stem", "bn1"),
        Site::Expand(block) => match block.operator {
            Operator::Fused => normed(block, "conv_exp", 1),
            Operator::MbConv => normed(block, "conv_pw", 1),
        },
        Site::Depthwise(block) => normed(block, "conv_dw", 1 + expands(block)),
        Site::SqueezeReduce(block) => Names::Biased(below(block, "se.conv_reduce")),
        Site::SqueezeExpand(block) => Names::Biased(below(block, "se.conv_expand")),
        Site::Project(block) => match (block.operator, block.expansion) {
            (Operator::Fused, 1) => normed(block, "conv", 1),
            (Operator::Fused, _) => normed(block, "conv_pwl", 2),
            (Operator::MbConv, 1) => normed(block, "conv_pw", 2),
            (Operator::MbConv, _) => normed(block, "conv_pwl", 3),
        },
        Site::Head => Names::normed("conv_head", "bn2"),
        Site::Classifier => Names::Biased("classifier".into()),
    }
}

fn expands(block: &Block) -> usize {
    usize::from(block.expansion != 1)
}

fn below(block: &Block, layer: &str) -> String {
    format!("blocks.{}.{}.{layer}", block.stage, block.repeat)
}

fn normed(block: &Block, conv: &str, norm: usize) -> Names {
    Names::normed(below(block, conv), below(block, &format!("bn{norm}")))
}
