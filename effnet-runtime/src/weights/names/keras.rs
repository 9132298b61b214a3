//! Keras' names (`keras/applications/efficientnet_v2.py`): blocks by stage and letter, `block2a_expand_conv/kernel`.
//!
//! Its first EfficientNet (`efficientnet.py`) calls a depthwise convolution otherwise. Which of the two a network is, its
//! table tells: any that is none of the first's is named as the second's are.

use effnet_spec::Spec;
use effnet_spec::plan::{LayerKind, Part, Site, Submodule};

use super::Scheme;
use super::unnameable::{Unnameable, refuse};
use crate::weights::published::{Published, Series};

/// Letters for the blocks of a stage.
const LETTERS: usize = 26;

/// The name of a depthwise convolution within its block.
pub(super) fn depthwise(spec: &Spec) -> &'static str {
    match Published::of(spec) {
        Some(Published { series: Series::V1, .. }) => "dwconv",
        _ => "dwconv2",
    }
}

/// The name of a submodule, which is a layer to Keras. `depthwise` is the network's [`depthwise`].
pub(super) fn submodule(site: &Site, submodule: Submodule, depthwise: &str) -> Result<String, Unnameable> {
    refuse(Scheme::Keras, site)?;
    let is_conv = submodule == Submodule::Conv;
    let block = match site.part {
        Part::Stem => return Ok(if is_conv { "stem_conv" } else { "stem_bn" }.to_owned()),
        Part::Head => return Ok(if is_conv { "top_conv" } else { "top_bn" }.to_owned()),
        Part::Block(block) => block,
    };
    if block.repeat >= LETTERS {
        let reason = format!("it letters the blocks of a stage from a to z, and this one has more than {LETTERS}");
        return Err(Unnameable::row(Scheme::Keras, block.row, reason));
    }
    let letter = char::from(b'a' + block.repeat as u8);
    let layer = match (site.layer.name, site.layer.kind, submodule) {
        (_, LayerKind::SqueezeExcite(_), Submodule::Reduce) => "se_reduce",
        (_, LayerKind::SqueezeExcite(_), _) => "se_expand",
        ("expand_conv", _, Submodule::Conv) => "expand_conv",
        ("expand_conv", ..) => "expand_bn",
        ("dwconv", _, Submodule::Conv) => depthwise,
        ("dwconv", ..) => "bn",
        (_, _, Submodule::Conv) => "project_conv",
        _ => "project_bn",
    };
    Ok(format!("block{}{letter}_{layer}", block.stage + 1))
}
