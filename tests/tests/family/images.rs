//! What is guessed of timm's weights is what timm says of them.

use effnet_runtime::weights::Convention;
use effnet_runtime::{Dialect, Fit, Interpolation};
use effnet_spec::Spec;

use super::models::all;

/// Models of which the guess is wrong, at one size or at all, and why no table tells better.
const WRONG: &[(&str, &str)] = &[
    ("efficientnet_b0 256", "only its `ra4` weights are evaluated at this size"),
    ("efficientnet_b1 240", "only its `ra4` weights are evaluated at this size"),
    ("efficientnet_b1 288", "only its `ra4` weights are evaluated at this size"),
    ("efficientnet_b5 416", "only its weights for the 12k classes are evaluated at this size"),
    ("efficientnet_b1_pruned", "made of `tf_` weights without their prefix"),
    ("efficientnet_b2_pruned", "made of `tf_` weights without their prefix"),
    ("efficientnet_b3_pruned", "made of `tf_` weights without their prefix"),
    ("tf_efficientnetv2_b0 192", "the training size; the crop is that of the evaluation size"),
    ("tf_efficientnetv2_b1 192", "the training size; the crop is that of the evaluation size"),
    ("tf_efficientnetv2_b2 208", "the training size; the crop is that of the evaluation size"),
    ("tf_efficientnetv2_b3 240", "the training size; the crop is that of the evaluation size"),
    ("test_efficientnet", "a table of timm's tests"),
    ("mobilenet_edgetpu_100", "no published weights"),
    ("mobilenetv1_100", "a single network's habit"),
    ("mobilenetv1_100h", "a single network's habit"),
    ("mobilenetv1_125", "a single network's habit"),
    ("fbnetv3_b", "a single series's habit"),
    ("fbnetv3_d", "a single series's habit"),
    ("fbnetv3_g", "a single series's habit"),
    ("lcnet_035", "no published weights"),
    ("lcnet_150", "no published weights"),
    ("mobilenetv3_large_075", "no published weights"),
    ("mobilenetv3_large_100 256", "only its `ra4` weights are evaluated at this size"),
    ("mobilenetv3_large_150d", "a single network's habit"),
    ("mobilenetv3_rw", "normalises by TensorFlow's epsilon, without the prefix `tf_`"),
    ("hardcorenas_a", "a single series's habit"),
    ("hardcorenas_b", "a single series's habit"),
    ("hardcorenas_c", "a single series's habit"),
    ("hardcorenas_d", "a single series's habit"),
    ("hardcorenas_e", "a single series's habit"),
    ("hardcorenas_f", "a single series's habit"),
];

/// The guess for a model's weights, evaluated at this size.
fn guess(name: &str, spec: &Spec, size: usize) -> Dialect {
    let mut spec = spec.clone();
    spec.settings.eval_size = Some(size);
    let convention = if name.starts_with("tf_") { Convention::TimmTf } else { Convention::Timm };
    convention.dialect(&spec)
}

/// A dialect's images as `generate.py` says them.
fn text(dialect: &Dialect) -> String {
    let fit = match dialect.fit {
        Fit::Crop => "center",
        Fit::Squash => "squash",
        Fit::Cut => "cut",
    };
    let kernel = match dialect.interpolation {
        Interpolation::Bicubic => "bicubic",
        Interpolation::Bilinear => "bilinear",
        other => panic!("{other:?} is not Pillow's"),
    };
    let pixels = match (dialect.mean.as_slice(), dialect.std.as_slice()) {
        ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]) => "imagenet",
        ([0.5], [0.5]) => "half",
        other => panic!("{other:?}"),
    };
    format!("{} {fit} {:?} {kernel} {pixels}", dialect.test_size, dialect.crop)
}

/// Where a model's weights differ in their images, the guess is one of them.
#[test]
fn guesses_are_timms() {
    let mut wrong = Vec::new();
    let (mut models, mut lines) = (0, Vec::new());
    for model in all() {
        let Some(spec) = model.spec() else { continue };
        let spec = spec.unwrap();
        models += 1;
        let mut sizes: Vec<usize> = model.images.iter().map(|line| line[..3].parse().unwrap()).collect();
        sizes.dedup();
        for size in sizes {
            let dialect = guess(&model.name, &spec, size);
            let arithmetic = (dialect.padding, dialect.bn_eps) == (spec.settings.padding, spec.settings.bn_eps);
            let name = format!("{} {size}", model.name);
            let guessed = text(&dialect);
            if !(arithmetic && model.images.contains(&guessed)) {
                lines.push(format!("{name}: {guessed}, of {:?}", model.images));
                wrong.push((model.name.clone(), name));
            }
        }
    }
    let excused = |(name, at): &(String, String)| WRONG.iter().any(|(wrong, _)| wrong == name || wrong == at);
    assert!(wrong.iter().all(excused), "{}", lines.join("\n"));
    for (excuse, _) in WRONG {
        assert!(wrong.iter().any(|(name, at)| excuse == name || excuse == at), "{excuse} is guessed right");
    }
    assert_eq!(models, 111);
}
