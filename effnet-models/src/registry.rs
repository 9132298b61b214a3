//! The variants by name: their constructors and their tables.

use effnet_runtime::Network;
use effnet_runtime::candle::Result;
use effnet_runtime::candle_nn::VarBuilder;
use effnet_runtime::spec::{Spec, expected, listed};

use crate::variants;

/// A named variant of the family.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    name: &'static str,
    spec: &'static Spec,
    build: fn(usize, VarBuilder<'_>) -> Result<Box<dyn Network>>,
}

impl Variant {
    /// Its name on the command line: `s`, `m`, `l`, `xl`, `b0`, `b1`, `b2` or `b3`.
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

macro_rules! variant {
    ($name:literal, $model:ident) => {{
        static SPEC: Spec = variants::$model::SPEC;
        Variant {
            name: $name,
            spec: &SPEC,
            build: |num_classes, builder| Ok(Box::new(variants::$model::new(num_classes, builder)?)),
        }
    }};
}

/// Every named variant.
pub static VARIANTS: [Variant; 8] = [
    variant!("s", EfficientNetV2S),
    variant!("m", EfficientNetV2M),
    variant!("l", EfficientNetV2L),
    variant!("xl", EfficientNetV2XL),
    variant!("b0", EfficientNetV2B0),
    variant!("b1", EfficientNetV2B1),
    variant!("b2", EfficientNetV2B2),
    variant!("b3", EfficientNetV2B3),
];

/// The error for a name that no variant has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no variant `{name}`: {}", expected(*.suggestion, &listed(VARIANTS.iter().map(Variant::name))))]
pub struct UnknownVariant {
    name: String,
    suggestion: Option<&'static str>,
}

/// Finds the variant of this name, in any case.
///
/// # Errors
/// When no variant has this name.
pub fn find(name: &str) -> std::result::Result<&'static Variant, UnknownVariant> {
    let lower = name.to_lowercase();
    VARIANTS
        .iter()
        .find(|variant| variant.name == lower)
        .ok_or_else(|| UnknownVariant { name: name.to_owned(), suggestion: suggest(&lower) })
}

/// Suggests the variant that a longer name ends in (`efficientnetv2-s`, `EfficientNetV2B0`), or one of the same length
/// that begins with the same letter.
fn suggest(lower: &str) -> Option<&'static str> {
    let names = || VARIANTS.iter().map(Variant::name);
    names()
        .filter(|name| lower.contains("net") && lower.ends_with(name))
        .max_by_key(|name| name.len())
        .or_else(|| names().find(|name| name.len() == lower.len() && name.chars().next() == lower.chars().next()))
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
            assert_eq!(find(&variant.name().to_uppercase()).expect("a variant").name(), variant.name());
            assert_eq!(variant.spec().name.to_lowercase(), format!("efficientnetv2{}", variant.name()));
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        assert_eq!(
            message("q"),
            "there is no variant `q`: expected one of `s`, `m`, `l`, `xl`, `b0`, `b1`, `b2`, `b3`"
        );
        assert!(message("b9").starts_with("there is no variant `b9`: did you mean `b0`? Expected one of"));
        assert!(message("efficientnetv2-xl").contains("did you mean `xl`?"));
        assert!(message("EfficientNetV2B3").contains("did you mean `b3`?"));
        assert!(message("").contains("``:"));
        assert!(message("é").contains("`é`:"));
    }
}
