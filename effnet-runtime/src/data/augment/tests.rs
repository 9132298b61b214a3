use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use effnet_kernels::simd::{Level, with_level};
use serde::Deserialize;

use super::op::{Kind, Op};
use super::*;
use crate::data::draw::{Draw, Part};
use crate::random::hash_bytes;

#[derive(Deserialize, Debug)]
struct Case {
    operation: String,
    parameters: Vec<f64>,
    /// FNV-1a, in hexadecimal, of the result for [`large`].
    large: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/data/augment/fixtures")
}

fn cases() -> Vec<Case> {
    serde_json::from_slice(&std::fs::read(folder().join("cases.json")).unwrap()).unwrap()
}

/// Side of the fixture's small pictures.
const SIDE: usize = 12;

/// The sources, then the result of each case: two pictures each, RGB.
fn pictures() -> Vec<[Vec<u8>; 2]> {
    let bytes = std::fs::read(folder().join("results.ppm")).unwrap();
    let mut header = 0;
    let pixels = bytes.iter().position(|byte| {
        header += usize::from(*byte == b'\n');
        header == 3
    });
    let row = 2 * SIDE * 3;
    let pairs = bytes[pixels.unwrap() + 1..].chunks_exact(row * SIDE);
    let half =
        |pair: &[u8], half: usize| pair.chunks_exact(SIDE * 3).skip(half).step_by(2).flatten().copied().collect();
    pairs.map(|pair| [half(pair, 0), half(pair, 1)]).collect()
}

/// Side of a picture whose arithmetic goes as far as a training picture's does.
const LARGE: usize = 300;

fn large() -> Vec<u8> {
    let pixel =
        |x: usize, y: usize| [(x * 3 + y) / 5, x * y / 97 + y / 2, (x * x + y * y) / 211].map(|value| value as u8);
    (0..LARGE * LARGE).flat_map(|at| pixel(at % LARGE, at / LARGE)).collect()
}

fn operation(case: &Case) -> Op {
    let integer = |at: usize| case.parameters[at] as usize;
    let first = case.parameters.first().copied().unwrap_or_default();
    match case.operation.as_str() {
        "auto_contrast" => Op::AutoContrast,
        "equalize" => Op::Equalize,
        "invert" => Op::Invert,
        "posterize" => Op::Posterize { bits: first as u32 },
        "solarize" => Op::Solarize { threshold: first as u32 },
        "solarize_add" => Op::SolarizeAdd { addition: first as u32 },
        "color" => Op::Color { factor: first as f32 },
        "contrast" => Op::Contrast { factor: first as f32 },
        "brightness" => Op::Brightness { factor: first as f32 },
        "sharpness" => Op::Sharpness { factor: first as f32 },
        "rotate" => Op::Rotate { degrees: first },
        "shear_x" => Op::ShearX { by: first },
        "shear_y" => Op::ShearY { by: first },
        "translate_x" => Op::TranslateX { pixels: first },
        "translate_y" => Op::TranslateY { pixels: first },
        "cutout" => Op::Cutout { x: integer(0), y: integer(1), pad: integer(2) },
        other => panic!("{other} is no operation"),
    }
}

fn applied(op: Op, pixels: &[u8], side: usize) -> Vec<u8> {
    let (mut pixels, mut spare) = (pixels.to_vec(), vec![7; 5]);
    op.apply(&mut Canvas { pixels: &mut pixels, spare: &mut spare, width: side, height: side });
    pixels
}

#[test]
fn every_operation_is_pillows_to_the_bit() {
    let (pictures, cases, large) = (pictures(), cases(), large());
    let (sources, results) = pictures.split_first().unwrap();
    assert_eq!(results.len(), cases.len());
    for level in Level::available() {
        for (case, results) in cases.iter().zip(results) {
            with_level(level, || {
                for (source, result) in sources.iter().zip(results) {
                    assert_eq!(&applied(operation(case), source, SIDE), result, "{case:?} at {}", level.name());
                }
                let hash = hash_bytes(applied(operation(case), &large, LARGE));
                assert_eq!(format!("{hash:016x}"), case.large, "{case:?} of the large picture at {}", level.name());
            });
        }
    }
    let tested: std::collections::BTreeSet<&str> = cases.iter().map(|case| &*case.operation).collect();
    assert_eq!(tested.len(), Kind::ALL.len());
}

/// The operation at a level, by a sample's draws.
fn drawn(kind: Kind, level: f64, constants: Constants, sample: u64) -> Op {
    let draws = Draw { seed: 1, epoch: 0, sample }.stream(Part::Policy);
    level::op(kind, level, constants, &Layer::new(&draws, 0), (LARGE, LARGE))
}

/// The values are those of `level_to_arg` in automl's file, run in Python.
#[test]
fn levels_mean_what_they_mean_to_automl() {
    let rand = |kind, level| drawn(kind, level, Constants::RAND_AUGMENT, 0);
    let auto = |kind, level| drawn(kind, level, Constants::AUTO_AUGMENT, 0);
    assert_eq!(rand(Kind::Posterize, 15.0), Op::Posterize { bits: 6 });
    assert_eq!(rand(Kind::Posterize, 9.0), Op::Posterize { bits: 3 });
    assert_eq!(rand(Kind::Posterize, 1.0), Op::Posterize { bits: 1 });
    assert_eq!(rand(Kind::Posterize, 25.0), Op::Posterize { bits: 8 });
    assert_eq!(rand(Kind::Solarize, 5.0), Op::Solarize { threshold: 128 });
    assert_eq!(rand(Kind::Solarize, 7.0), Op::Solarize { threshold: 179 });
    assert_eq!(rand(Kind::SolarizeAdd, 7.0), Op::SolarizeAdd { addition: 77 });
    for (kind, op) in [
        (Kind::Color, Op::Color { factor: 1.36 }),
        (Kind::Contrast, Op::Contrast { factor: 1.36 }),
        (Kind::Brightness, Op::Brightness { factor: 1.36 }),
        (Kind::Sharpness, Op::Sharpness { factor: 1.36 }),
    ] {
        assert_eq!(rand(kind, 7.0), op);
    }
    // Either sign; which one is the sample's.
    let either = |op: Op, value: f64| match op {
        Op::Rotate { degrees: by } | Op::ShearX { by } | Op::ShearY { by } => by.abs() == value,
        Op::TranslateX { pixels } | Op::TranslateY { pixels } => pixels.abs() == value,
        _ => false,
    };
    assert!(either(rand(Kind::Rotate, 15.0), 45.0));
    assert!(either(rand(Kind::ShearX, 10.0), 0.3) && either(rand(Kind::ShearY, 20.0), 0.6));
    assert!(either(rand(Kind::TranslateX, 10.0), 100.0) && either(auto(Kind::TranslateY, 10.0), 250.0));
    let pad = |op| if let Op::Cutout { pad, .. } = op { pad } else { 0 };
    assert_eq!((pad(rand(Kind::Cutout, 10.0)), pad(auto(Kind::Cutout, 10.0))), (40, 100));
    assert_eq!(pad(rand(Kind::Cutout, 6.67)), 26);
}

/// automl's smallest picture has 128 pixels a side; from there on a distance is automl's.
#[test]
fn distances_shrink_with_pictures_smaller_than_automls() {
    let draws = Draw { seed: 1, epoch: 0, sample: 0 }.stream(Part::Policy);
    let at =
        |kind, width, height| level::op(kind, 10.0, Constants::RAND_AUGMENT, &Layer::new(&draws, 0), (width, height));
    for (width, height, moved, covered) in [(128, 128, 100.0, 40), (64, 64, 50.0, 20), (300, 32, 25.0, 10)] {
        let of = |op| if let Op::TranslateX { pixels } = op { pixels.abs() } else { f64::NAN };
        assert_eq!(of(at(Kind::TranslateX, width, height)), moved);
        assert!(matches!(at(Kind::Cutout, width, height), Op::Cutout { pad, .. } if pad == covered));
    }
}

#[test]
fn signs_and_places_are_uniform() {
    let all = |kind| (0..20_000).map(move |sample| drawn(kind, 10.0, Constants::RAND_AUGMENT, sample));
    // Five standard errors of 20,000 draws: 0.018 of a share, 3.1 of the mean of 300 places.
    let right = all(Kind::Rotate).filter(|op| *op == Op::Rotate { degrees: 30.0 }).count();
    assert!((9_640..10_360).contains(&right), "{right}");
    let places: Vec<(usize, usize)> =
        all(Kind::Cutout).map(|op| if let Op::Cutout { x, y, .. } = op { (x, y) } else { (0, 0) }).collect();
    let mean = |of: &dyn Fn(&(usize, usize)) -> usize| places.iter().map(of).sum::<usize>() as f64 / 20_000.0;
    assert!((mean(&|place| place.0) - 149.5).abs() < 3.1 && (mean(&|place| place.1) - 149.5).abs() < 3.1);
    assert!(
        mean(&|place| place.0 * place.1 / 150) > 145.0 && places.iter().all(|place| place.0 < 300 && place.1 < 300)
    );
}

#[test]
fn every_operation_is_chosen_as_often_and_each_layer_by_itself() {
    let mut counts = BTreeMap::new();
    for sample in 0..16_000 {
        let draws = Draw { seed: 1, epoch: 0, sample }.stream(Part::Policy);
        let choice = |number| Layer::new(&draws, number).choice(16);
        *counts.entry((0, choice(0))).or_insert(0) += 1;
        *counts.entry((1, choice(1))).or_insert(0) += 1;
        *counts.entry((2, usize::from(choice(0) == choice(1)))).or_insert(0) += 1;
    }
    // Five standard errors of a count of 1,000 are 31 each.
    for (which, count) in counts.iter().filter(|((of, number), _)| *of < 2 || *number == 1) {
        assert!((845..1155).contains(count), "{which:?} {count}");
    }
    assert_eq!(counts.len(), 34);
}

#[test]
fn a_pairs_operations_are_applied_as_often_as_it_says() {
    // The pair of ShearX with 0 and Solarize with 0.8 leaves a picture alone a fifth of the time.
    let pair = autoaugment::PAIRS[16];
    assert_eq!((pair[0].1, pair[1].1), (0.0, 0.8));
    let applied = |number, probability| {
        let applies = |sample: &u64| {
            let draws = Draw { seed: 9, epoch: 0, sample: *sample }.stream(Part::Policy);
            Layer::new(&draws, number).applies(probability)
        };
        (0..10_000).filter(applies).count()
    };
    assert_eq!((applied(0, 0.0), applied(1, 1.0)), (0, 10_000));
    // Five standard errors.
    assert!((7_800..8_200).contains(&applied(1, 0.8)));
}

/// Pixels that a policy makes of the large picture, for a sample.
fn distorted(policy: Policy, sample: u64) -> Vec<u8> {
    policy.check().unwrap();
    let (mut pixels, mut spare) = (large(), Vec::new());
    let mut canvas = Canvas { pixels: &mut pixels, spare: &mut spare, width: LARGE, height: LARGE };
    policy.apply(&mut canvas, &Draw { seed: 5, epoch: 3, sample }.stream(Part::Policy));
    pixels
}

#[test]
fn a_policy_is_its_operations_one_after_another() {
    for sample in 0..40 {
        let draws = Draw { seed: 5, epoch: 3, sample }.stream(Part::Policy);
        let (first, second) = (Layer::new(&draws, 0), Layer::new(&draws, 1));
        let op = |layer: &Layer<'_>| {
            level::op(Kind::ALL[layer.choice(16)], 7.5, Constants::RAND_AUGMENT, layer, (LARGE, LARGE))
        };
        let by_hand = applied(op(&second), &applied(op(&first), &large(), LARGE), LARGE);
        assert_eq!(distorted(Policy::RandAugment { layers: 2, magnitude: 7.5 }, sample), by_hand);

        let mut by_hand = large();
        for ((kind, probability, level), layer) in autoaugment::PAIRS[first.choice(25)].iter().zip([first, second]) {
            if layer.applies(*probability) {
                by_hand =
                    applied(level::op(*kind, *level, Constants::AUTO_AUGMENT, &layer, (LARGE, LARGE)), &by_hand, LARGE);
            }
        }
        assert_eq!(distorted(Policy::AutoAugment, sample), by_hand);
    }
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let says = |layers, magnitude| Policy::RandAugment { layers, magnitude }.check().unwrap_err().to_string();
    assert_eq!(says(0, 10.0), "RandAugment has 0 layers, and 1 to 16 are possible");
    assert_eq!(says(2, 31.0), "RandAugment's magnitude 31 is not within 0..=30");
    assert_eq!(says(2, f64::NAN), "RandAugment's magnitude NaN is not within 0..=30");
}
