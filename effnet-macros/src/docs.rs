//! The documentation of a model's type.

use effnet_spec::Spec;
use syn::Attribute;

/// The architecture's summary table, to stand behind the user's own documentation; where there is none, a first
/// sentence too.
pub(crate) fn architecture(attrs: &[Attribute], spec: &Spec) -> String {
    let documented = attrs.iter().any(|attr| attr.path().is_ident("doc"));
    let intro = if documented { "" } else { "An EfficientNetV2 image classifier.\n" };
    format!("{intro}\n# Architecture\n\n{}", spec.name)
}
