//! What the names of TensorFlow's programs have in common: those of a layer's parameters.

use effnet_spec::plan::Submodule;

use super::layout::Layout;

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
