//! torchvision's names (`torchvision/models/efficientnet.py`): every sequence counts its members.

use effnet_spec::plan::{Part, Site, Submodule};

/// The name of a submodule in a network of `stages` stages. torchvision has no fused block with squeeze-and-excitation;
/// the layers of one are counted like any other's.
pub(super) fn submodule(site: &Site, submodule: Submodule, stages: usize) -> String {
    let sequence = match site.part {
        Part::Stem => "features.0".to_owned(),
        Part::Block(block) => {
            let member = block.layers().take_while(|layer| layer.name != site.layer.name).count();
            format!("features.{}.{}.block.{member}", block.stage + 1, block.repeat)
        }
        Part::Head => format!("features.{}", stages + 1),
    };
    let member = match submodule {
        Submodule::Conv => "0",
        Submodule::Norm => "1",
        Submodule::Reduce => "fc1",
        Submodule::Expand => "fc2",
    };
    format!("{sequence}.{member}")
}
