//! timm's names of models, and the arithmetic that each says.

use effnet_spec::{Padding, Spec};

use crate::dialect::Dialect;
use crate::weights::error::{Error, Result};
use crate::weights::published::Published;

/// Padding, and epsilon of batch normalisation, of timm's pretrained model of this name (`efficientnet.py` and
/// `mobilenetv3.py`).
pub(super) fn arithmetic(architecture: &str) -> (Padding, f64) {
    match architecture {
        // Cut out of `tf_` models.
        "efficientnet_b1_pruned" | "efficientnet_b2_pruned" | "efficientnet_b3_pruned" => (Padding::Same, 1e-3),
        "efficientnet_x_b3" | "efficientnet_x_b5" | "efficientnet_h_b5" => (Padding::Same, 1e-5),
        "fbnetc_100" | "mobilenetv3_rw" => (Padding::Symmetric, 1e-3),
        converted if converted.starts_with("tf_") => (Padding::Same, 1e-3),
        _ => (Padding::Symmetric, 1e-5),
    }
}

/// timm's name of a network whose weights have this dialect: of the two with and without `tf_`, that with the padding.
///
/// # Errors
/// When timm has no EfficientNet of this table, or one with another head.
pub(super) fn name(spec: &Spec, dialect: &Dialect) -> Result<String> {
    let refuse = |reason: &str| Error::NoTimmName { network: spec.name.to_string(), reason: reason.to_owned() };
    let (name, published) = Published::timm_name(spec)
        .ok_or_else(|| refuse("its stem and stages are those of none of timm's EfficientNets"))?;
    let head = |spec: &Spec| {
        let settings = &spec.settings;
        (settings.head, settings.head_bias, settings.num_features, settings.activation)
    };
    if head(&published) != head(spec) {
        return Err(refuse(&format!("the head of timm's `{name}` is another")));
    }
    // timm has no B0 to B3 of the second version but the converted ones, and no converted RW.
    let only_converted = name.starts_with("efficientnetv2_b");
    let only_own = name.contains("_rw_");
    let converted = only_converted || (dialect.padding == Padding::Same && !only_own);
    Ok(if converted { format!("tf_{name}") } else { name.to_owned() })
}
