//! The names of lukemelas' `EfficientNet-PyTorch` (`efficientnet_pytorch/model.py`): convolutions by their role, and
//! normalisations by number.

use effnet_spec::plan::{LayerKind, Part, Site, Submodule};
use effnet_spec::{Block, Operator};

use super::Scheme;
use super::unnameable::Unnameable;

/// The name of a submodule.
pub(super) fn submodule(site: &Site, submodule: Submodule) -> Result<String, Unnameable> {
    let name = match (site.part, submodule) {
        (Part::Stem, Submodule::Conv) => "_conv_stem".to_owned(),
        (Part::Stem, _) => "_bn0".to_owned(),
        (Part::Head, _) if matches!(site.layer.kind, LayerKind::Pooled(_)) => {
            return Err(Unnameable::pooled_head(Scheme::Lukemelas));
        }
        (Part::Head, Submodule::Conv) => "_conv_head".to_owned(),
        (Part::Head, _) => "_bn1".to_owned(),
        (Part::Block(block), _) => format!("_blocks.{}.{}", block.index, of_block(&block, site.layer.name, submodule)?),
    };
    Ok(name)
}

fn of_block(block: &Block, layer: &str, submodule: Submodule) -> Result<&'static str, Unnameable> {
    Ok(match (block.operator, layer, submodule) {
        (Operator::MbConv, "expand_conv", Submodule::Conv) => "_expand_conv",
        (Operator::MbConv, "expand_conv", _) => "_bn0",
        (Operator::MbConv, "dwconv", Submodule::Conv) => "_depthwise_conv",
        (Operator::MbConv, "dwconv", _) => "_bn1",
        (Operator::MbConv, "project_conv", Submodule::Conv) => "_project_conv",
        (Operator::MbConv, "project_conv", _) => "_bn2",
        (Operator::MbConv, "se", Submodule::Reduce) => "_se_reduce",
        (Operator::MbConv, "se", _) => "_se_expand",
        _ => return Err(Unnameable::row(Scheme::Lukemelas, block.row, "all its blocks are `mbconv`")),
    })
}
