//! The named variants are timm's models of their names.

use effnet_models::{VARIANTS, find};

use super::models::all;

/// timm's models that name a variant: under two names, but for V2's B0 to B3, which have no plain name, and RW's three.
const NAMES: usize = 4 + 2 * (4 + 8 + 5) + 3;

#[test]
fn variants_have_the_tables_of_timms_models() {
    let mut named = Vec::new();
    for model in all() {
        let Ok(variant) = find(&model.name) else { continue };
        let (ours, theirs) = (variant.spec(), model.spec().unwrap().unwrap());
        assert_eq!(ours.rows, theirs.rows, "{}", model.name);
        assert_eq!(ours.settings.num_features, theirs.settings.num_features, "{}", model.name);
        assert_eq!(ours.settings.activation, theirs.settings.activation, "{}", model.name);
        assert_eq!(ours.params(1000), model.params, "{}", model.name);
        named.push(variant.name());
    }
    assert_eq!(named.len(), NAMES);
    for variant in &VARIANTS {
        assert!(named.contains(&variant.name()), "timm has no {}", variant.name());
    }
}
