//! timm's names (`timm/models/_efficientnet_blocks.py`): `ConvBnAct`, `EdgeResidual`, `DepthwiseSeparableConv` and
//! `InvertedResidual`, each with convolutions by kind and normalisations by number.

use effnet_spec::Block;
use effnet_spec::plan::{LayerKind, Part, Site, Submodule};

pub(super) fn submodule(site: &Site, submodule: Submodule) -> String {
    let (place, norm) = match site.part {
        Part::Stem => (String::new(), 1),
        Part::Block(block) => (format!("blocks.{}.{}.", block.stage, block.repeat), norm(&block, site.layer.name)),
        Part::Head => (String::new(), 2),
    };
    let layer = site.layer.timm;
    match submodule {
        Submodule::Conv => format!("{place}{layer}"),
        Submodule::Norm => format!("{place}bn{norm}"),
        // timm's names of these are ours.
        Submodule::Reduce | Submodule::Expand => format!("{place}{layer}.{}", submodule.name()),
    }
}

/// The number of a convolution's normalisation, from 1.
fn norm(block: &Block, layer: &str) -> usize {
    let convs = block.layers().filter(|layer| matches!(layer.kind, LayerKind::Conv(_)));
    1 + convs.take_while(|conv| conv.name != layer).count()
}
