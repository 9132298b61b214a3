//! torchvision's names (`torchvision/models/efficientnet.py`): every sequence counts its members.

use effnet_spec::plan::{Part, Site, Submodule};
use effnet_spec::{Block, Operator};

use super::Scheme;
use super::unnameable::{Unnameable, refuse};

/// The name of a submodule in a network of `stages` stages.
pub(super) fn submodule(site: &Site, submodule: Submodule, stages: usize) -> Result<String, Unnameable> {
    refuse(Scheme::Torchvision, site)?;
    let sequence = match site.part {
        Part::Stem => "features.0".to_owned(),
        Part::Block(block) => {
            if let Some(reason) = lacks(&block) {
                return Err(Unnameable::row(Scheme::Torchvision, block.row, reason));
            }
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
    Ok(format!("{sequence}.{member}"))
}

/// What a block is that its classes, `MBConv` and `FusedMBConv`, are not.
fn lacks(block: &Block) -> Option<&'static str> {
    match (block.operator, block.squeezed) {
        (Operator::Fused, 1..) => Some("its `fused` blocks have no squeeze-and-excitation"),
        (Operator::MbConv, 0) => Some("all its `mbconv` blocks have a squeeze-and-excitation"),
        _ => None,
    }
}
