//! The variants by name: their constructors and their tables.

use effnet_runtime::Network;
use effnet_runtime::candle::Result;
use effnet_runtime::candle_nn::VarBuilder;
use effnet_runtime::spec::{self, Spec, expected, listed};

use crate::variants;

/// A named variant of the family.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    name: &'static str,
    spec: &'static Spec,
    build: fn(usize, VarBuilder<'_>) -> Result<Box<dyn Network>>,
}

impl Variant {
    /// Its name on the command line, such as `s` or `efficientnet-b0`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its table and settings.
    pub fn spec(&self) -> &'static Spec {
        self.spec
    }

    /// A network of this variant that takes its weights from `builder`.
    ///
    /// # Errors
    /// When the builder lacks a weight, or has one in another shape.
    pub fn build(&self, num_classes: usize, builder: VarBuilder<'_>) -> Result<Box<dyn Network>> {
        (self.build)(num_classes, builder)
    }
}

macro_rules! variants {
    ($($name:literal: $model:ident,)*) => {
        [$({
            static SPEC: Spec = variants::$model::SPEC;
            Variant {
                name: $name,
                spec: &SPEC,
                build: |num_classes, builder| Ok(Box::new(variants::$model::new(num_classes, builder)?)),
            }
        }),*]
    };
}

/// Every named variant.
pub static VARIANTS: [Variant; 24] = variants![
    "s": EfficientNetV2S,
    "m": EfficientNetV2M,
    "l": EfficientNetV2L,
    "xl": EfficientNetV2XL,
    "b0": EfficientNetV2B0,
    "b1": EfficientNetV2B1,
    "b2": EfficientNetV2B2,
    "b3": EfficientNetV2B3,
    "efficientnet-b0": EfficientNetB0,
    "efficientnet-b1": EfficientNetB1,
    "efficientnet-b2": EfficientNetB2,
    "efficientnet-b3": EfficientNetB3,
    "efficientnet-b4": EfficientNetB4,
    "efficientnet-b5": EfficientNetB5,
    "efficientnet-b6": EfficientNetB6,
    "efficientnet-b7": EfficientNetB7,
    "lite0": EfficientNetLite0,
    "lite1": EfficientNetLite1,
    "lite2": EfficientNetLite2,
    "lite3": EfficientNetLite3,
    "lite4": EfficientNetLite4,
    "efficientnetv2_rw_t": EfficientNetV2RwT,
    "efficientnetv2_rw_s": EfficientNetV2RwS,
    "efficientnetv2_rw_m": EfficientNetV2RwM,
];

/// The error for a name that no variant has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no variant `{name}`: {}", expected(*.suggestion, &listed(VARIANTS.iter().map(Variant::name))))]
pub struct UnknownVariant {
    name: String,
    suggestion: Option<&'static str>,
}

/// Finds the variant of this name, in any case, with `-`, `_` or neither between its parts: [`Variant::name`], or what
/// other libraries call it, such as `efficientnetv2-s` (automl), `efficientnet_v2_s` (torchvision), `EfficientNetV2S`
/// (Keras) and `tf_efficientnetv2_s` (timm). A tag of timm's, `.in21k_ft_in1k` at the name's end, says which weights are
/// meant and not which network: it is passed over.
///
/// ```
/// assert_eq!(effnet_models::find("tf_efficientnet_lite0.in1k")?.name(), "lite0");
/// # Ok::<_, effnet_models::UnknownVariant>(())
/// ```
///
/// # Errors
/// When no variant has this name.
pub fn find(name: &str) -> std::result::Result<&'static Variant, UnknownVariant> {
    let meant = key(untagged(name));
    let meant = meant.strip_prefix("tf").unwrap_or(&meant);
    VARIANTS
        .iter()
        .find(|variant| variant.keys().iter().any(|key| key == meant))
        .ok_or_else(|| UnknownVariant { name: name.to_owned(), suggestion: suggest(meant) })
}

/// Data sets that timm's tags name: ImageNet by its thousands of classes.
const IMAGENETS: [&str; 3] = ["in1k", "in12k", "in21k"];

/// A name without timm's tag. What follows another dot, as in a file's name, belongs to the name.
fn untagged(name: &str) -> &str {
    match name.split_once('.') {
        Some((network, tag)) if IMAGENETS.iter().any(|images| tag.contains(images)) => network,
        _ => name,
    }
}

/// What tells names apart.
fn key(name: &str) -> String {
    name.to_lowercase().replace(['-', '_'], "")
}

impl Variant {
    /// Its name's key and its type's.
    fn keys(&self) -> [String; 2] {
        [key(self.name), key(&self.spec.name)]
    }
}

/// Suggests the variant whose key is nearest.
fn suggest(meant: &str) -> Option<&'static str> {
    let keys: Vec<_> = VARIANTS.iter().flat_map(|variant| variant.keys().map(|key| (key, variant.name))).collect();
    let nearest = spec::suggest(meant, keys.iter().map(|(key, _)| key.as_str()))?;
    keys.iter().find(|(key, _)| key == nearest).map(|&(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str) -> String {
        find(name).expect_err("no such variant").to_string()
    }

    #[test]
    fn names_are_found_in_any_case() {
        for variant in &VARIANTS {
            for name in [variant.name(), &variant.spec().name] {
                for name in [name.to_uppercase(), name.replace('-', "_"), name.replace('_', "-")] {
                    assert_eq!(find(&name).expect("a variant").name(), variant.name());
                }
            }
        }
    }

    #[test]
    fn other_libraries_names_are_found() {
        for (name, variant) in [
            ("tf_efficientnetv2_s.in21k", "s"),
            ("tf_efficientnetv2_xl.in21k_ft_in1k", "xl"),
            ("efficientnet_v2_m", "m"),
            ("efficientnetv2-b3", "b3"),
            ("tf_efficientnetv2_b0", "b0"),
            ("tf_efficientnet_b0.ns_jft_in1k", "efficientnet-b0"),
            ("efficientnet_b5.sw_in12k", "efficientnet-b5"),
            ("EfficientNetB7", "efficientnet-b7"),
            ("tf-efficientnet-lite4", "lite4"),
            ("efficientnetv2_rw_t.ra2_in1k", "efficientnetv2_rw_t"),
        ] {
            assert_eq!(find(name).expect("a variant").name(), variant, "{name}");
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        assert!(message("q").starts_with("there is no variant `q`: expected one of `s`, `m`, `l`, `xl`, `b0`, "));
        for variant in &VARIANTS {
            assert!(message("q").contains(&format!("`{}`", variant.name())));
        }
        for (name, suggestion) in [
            ("efficientnet-b8", "efficientnet-b0"),
            ("efficentnetv2-xl", "xl"),
            ("efficientnetv2_rw_l", "efficientnetv2_rw_t"),
            ("tf_eficientnet_lite3.in1k", "lite3"),
        ] {
            let start = format!("there is no variant `{name}`: did you mean `{suggestion}`? Expected one of");
            assert!(message(name).starts_with(&start), "{}", message(name));
        }
        // A file's name is no network's.
        for name in ["", "é", "b9", ".in1k", "tf_", "resnet50", "efficientnet_b0.safetensors", "s.table"] {
            assert!(message(name).starts_with(&format!("there is no variant `{name}`: expected one of")), "{name}");
        }
    }
}
