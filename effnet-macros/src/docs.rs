//! The documentation of a model's type.

use effnet_spec::{Size, Spec, report};
use syn::Attribute;

/// The architecture's summary table, to stand behind the user's own documentation; where there is none, a first
/// sentence too.
pub(crate) fn architecture(attrs: &[Attribute], spec: &Spec) -> String {
    let documented = attrs.iter().any(|attr| attr.path().is_ident("doc"));
    let intro = if documented { "" } else { "An image classifier of the EfficientNetV2 family.\n" };
    let table = report::markdown(spec, Size::square(spec.settings.default_size()), 1_000);
    format!("{intro}\n# Architecture\n\n{table}")
}
