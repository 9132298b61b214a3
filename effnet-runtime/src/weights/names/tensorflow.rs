//! What the names of TensorFlow's programs have in common: those of a layer's parameters, and the blocks there are.

use effnet_spec::Operator;
use effnet_spec::plan::{LayerKind, Part, Site, Submodule};

use super::Scheme;
use super::layout::Layout;
use super::unnameable::Unnameable;

/// TensorFlow's name of a parameter in its layer.
pub(super) fn leaf(layout: Layout, module: Submodule, param: &'static str, depthwise: &'static str) -> &'static str {
    match (module, param) {
        (Submodule::Norm, "weight") => "gamma",
        (Submodule::Norm, "bias") => "beta",
        (Submodule::Norm, "running_mean") => "moving_mean",
        (Submodule::Norm, _) => "moving_variance",
        (_, "bias") => "bias",
        _ if layout == Layout::Hwc1 => depthwise,
        _ => "kernel",
    }
}

/// Refuses what neither automl's program nor Keras' has.
pub(super) fn refuse(scheme: Scheme, site: &Site) -> Result<(), Unnameable> {
    match site.part {
        Part::Block(block) if !matches!(block.operator, Operator::Fused | Operator::MbConv) => {
            Err(Unnameable::row(scheme, block.row, "all its blocks are `fused` or `mbconv`"))
        }
        Part::Head if matches!(site.layer.kind, LayerKind::Pooled(_)) => {
            Err(Unnameable::head(scheme, "its convolution stands in front of the mean over pixels"))
        }
        _ => Ok(()),
    }
}
