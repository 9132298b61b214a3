//! automl's names (`efficientnetv2/effnetv2_model.py`): those of TensorFlow 1's variables, whose layers are counted by
//! class, and those of TensorFlow 2's objects.

use effnet_spec::Block;
use effnet_spec::plan::{ConvKind, LayerKind, Part, Site, Submodule};

use super::Scheme;
use super::unnameable::{Unnameable, refuse};

/// The name of a submodule among TensorFlow 1's variables.
pub(super) fn variable(site: &Site, submodule: Submodule) -> Result<String, Unnameable> {
    refuse(Scheme::Automl, site)?;
    let (place, convs, depthwise) = match site.part {
        Part::Stem => ("stem".to_owned(), [0, 0], false),
        Part::Head => ("head".to_owned(), [0, 0], false),
        Part::Block(block) => {
            let depthwise = is_depthwise(site.layer.kind);
            (format!("blocks_{}", block.index), counts(&block, site.layer.name), depthwise)
        }
    };
    let [dense, norms] = convs;
    let layer = match submodule {
        Submodule::Reduce => "se/conv2d".to_owned(),
        Submodule::Expand => "se/conv2d_1".to_owned(),
        Submodule::Conv if depthwise => "depthwise_conv2d".to_owned(),
        Submodule::Conv => numbered("conv2d", dense),
        Submodule::Norm => numbered("tpu_batch_normalization", norms),
    };
    Ok(format!("{place}/{layer}"))
}

/// The dense convolutions in front of a layer of a block, and all convolutions.
fn counts(block: &Block, layer: &str) -> [usize; 2] {
    let convs = block.layers().take_while(|other| other.name != layer);
    let convs = convs.filter(|other| matches!(other.kind, LayerKind::Conv(_)));
    convs.fold([0, 0], |[dense, all], conv| [dense + usize::from(!is_depthwise(conv.kind)), all + 1])
}

fn is_depthwise(layer: LayerKind) -> bool {
    matches!(layer, LayerKind::Conv(conv) if conv.kind == ConvKind::Depthwise)
}

/// TensorFlow's name of a layer behind `before` of its class.
fn numbered(class: &str, before: usize) -> String {
    if before == 0 { class.to_owned() } else { format!("{class}_{before}") }
}

/// The name of a submodule among TensorFlow 2's objects.
pub(super) fn object(site: &Site, submodule: Submodule) -> Result<String, Unnameable> {
    refuse(Scheme::AutomlObjects, site)?;
    let is_conv = submodule == Submodule::Conv;
    let block = match site.part {
        Part::Stem => return Ok(if is_conv { "_stem/_conv_stem" } else { "_stem/_norm" }.to_owned()),
        Part::Head => return Ok(if is_conv { "_head/_conv_head" } else { "_head/_norm" }.to_owned()),
        Part::Block(block) => block,
    };
    let layer = match (site.layer.name, submodule) {
        (_, Submodule::Reduce) => "_se/_se_reduce",
        (_, Submodule::Expand) => "_se/_se_expand",
        ("expand_conv", Submodule::Conv) => "_expand_conv",
        ("expand_conv", _) => "_norm0",
        ("dwconv", Submodule::Conv) => "_depthwise_conv",
        ("dwconv", _) => "_norm1",
        (_, Submodule::Conv) => "_project_conv",
        // A fused block has no depthwise convolution in between.
        _ if block.layers().any(|layer| is_depthwise(layer.kind)) => "_norm2",
        _ => "_norm1",
    };
    Ok(format!("_blocks/{}/{layer}", block.index))
}
