//! Evaluation pictures against those of timm, torchvision and automl, by their models' settings.

use effnet_spec::Spec;
use serde::Deserialize;

use super::tests::{folder, picture};
use super::*;
use crate::weights::{Convention, Published, Series};

#[derive(Deserialize, Debug)]
struct Case {
    dialect: String,
    variant: String,
    test_size: usize,
    size: usize,
    picture: String,
}

/// The table of a case's variant, as far as a dialect asks for it.
fn spec(case: &Case) -> Spec {
    let series = match case.variant.as_str() {
        "s" => Series::S,
        "m" => Series::M,
        "l" => Series::L,
        base => {
            assert!(base.starts_with('b'), "{base} is no variant");
            Series::Base
        }
    };
    let (_, mut spec) = Published::all().find(|(published, _)| published.series == series).unwrap();
    spec.settings.eval_size = Some(case.test_size);
    spec
}

/// One generator's cases, each with its implementation's result: normalised, CHW.
fn cases(of: &str) -> Vec<(Case, Vec<f32>)> {
    let read = |name: String| std::fs::read(folder().join("../dialects").join(name)).unwrap();
    let cases: Vec<Case> = serde_json::from_slice(&read(format!("{of}.json"))).unwrap();
    let numbers = read(format!("{of}.bin"));
    let mut rest = numbers.as_chunks::<2>().0.iter().map(|bytes| f32::from(i16::from_le_bytes(*bytes)) / 8192.0);
    let with_results = |case: Case| {
        let numbers = 3 * case.size * case.size;
        (case, rest.by_ref().take(numbers).collect::<Vec<f32>>())
    };
    let cases = cases.into_iter().map(with_results).collect();
    assert!(rest.next().is_none(), "all numbers belong to a case");
    cases
}

/// Mean and largest difference of our evaluation from a case's result, in bytes.
fn difference(case: &Case, want: &[f32]) -> (f64, f64) {
    let image = match case.picture.as_str() {
        "strip" => image::imageops::crop_imm(&picture("wide.ppm"), 0, 10, 120, 30).to_image(),
        name => picture(&format!("{name}.ppm")),
    };
    let dialect = case.dialect.parse::<Convention>().unwrap().dialect(&spec(case));
    let transform = EvalTransform::of(&dialect, case.size, 3).unwrap();
    let got = transform.tensor(&image).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(got.len(), want.len(), "{case:?}");
    let std = |channel: usize| *dialect.std.get(channel).unwrap_or(&dialect.std[0]);
    let plane = case.size * case.size;
    let differences: Vec<f64> = got
        .iter()
        .zip(want)
        .enumerate()
        .map(|(at, (got, want))| f64::from((got - want).abs()) * std(at / plane) * 255.0)
        .collect();
    let mean = differences.iter().sum::<f64>() / differences.len() as f64;
    (mean, differences.into_iter().fold(0.0, f64::max))
}

/// Mean difference over a picture, in bytes; 1 is promised.
const PILLOW_MEAN: f64 = 0.45;

#[test]
fn timms_and_torchvisions_evaluation_is_theirs_on_pillow() {
    let cases = cases("torch");
    assert_eq!(cases.len(), 27);
    for (case, want) in &cases {
        let (mean, _) = difference(case, want);
        assert!(mean <= PILLOW_MEAN, "{mean:.3}: {case:?}");
    }
}

/// Largest difference in bytes: both compute in f32, and the fixture has 13 fractional bits, 0.008 of a byte or less.
const TENSORFLOW_MOST: f64 = 0.01;

#[test]
fn automls_evaluation_is_tensorflows() {
    let cases = cases("automl");
    assert_eq!(cases.len(), 13);
    for (case, want) in &cases {
        let (_, most) = difference(case, want);
        assert!(most <= TENSORFLOW_MOST, "{most:.4}: {case:?}");
    }
}
