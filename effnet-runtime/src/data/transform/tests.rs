use std::path::{Path, PathBuf};

use image::RgbImage;
use proptest::prelude::*;
use serde::Deserialize;

use super::crop::{Window, random_window};
use super::resize::resize;
use super::*;
use crate::data::augment::Canvas;
use crate::data::{Erasing, Part, Policy};
use crate::{Fit, Interpolation};

/// Mean difference from Pillow, in bytes. Pillow's first pass is horizontal, ours is vertical, and the values in
/// between are rounded and clipped to bytes.
const MEAN: f64 = 0.35;
/// The largest difference of a single byte, on a picture with noise of full contrast, which a cubic kernel clips.
const MOST: u8 = 6;

#[derive(Deserialize)]
struct Fixtures {
    resized: Vec<Case>,
    random_windows: Vec<Moments>,
}

#[derive(Deserialize, Debug)]
struct Case {
    picture: String,
    kernel: Interpolation,
    size: usize,
    crop_ratio: Option<f64>,
    fit: Option<String>,
    /// Left, top, width, height.
    window: Option<[u32; 4]>,
    file: String,
}

#[derive(Deserialize, Debug)]
struct Moments {
    scale: (f64, f64),
    ratio: (f64, f64),
    area: f64,
    log_aspect: f64,
    log_aspect_squared: f64,
    left: f64,
    top: f64,
}

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/data/transform/fixtures")
}

fn fixtures() -> Fixtures {
    serde_json::from_slice(&std::fs::read(folder().join("cases.json")).unwrap()).unwrap()
}

/// A binary PPM as Pillow writes it.
pub(super) fn picture(name: &str) -> RgbImage {
    let bytes = std::fs::read(folder().join(name)).unwrap();
    let mut lines = bytes.splitn(4, |byte| *byte == b'\n').skip(1);
    let size = std::str::from_utf8(lines.next().unwrap()).unwrap();
    let (width, height) = size.split_once(' ').unwrap();
    let pixels = lines.nth(1).unwrap().to_vec();
    RgbImage::from_raw(width.parse().unwrap(), height.parse().unwrap(), pixels).unwrap()
}

const DRAW: Draw = Draw { seed: 1, epoch: 2, sample: 3 };

/// Normalises such that floats are the bytes again.
fn plain() -> Normalise {
    Normalise::new(3, &[0.0], &[1.0 / 255.0]).unwrap()
}

/// A transform's result as RGB bytes, row by row.
fn bytes(transform: &dyn Transform, image: &RgbImage, draw: Draw) -> Vec<u8> {
    transform.check().unwrap();
    let [channels, height, width] = transform.shape();
    let mut floats = vec![f32::NAN; channels * height * width];
    transform.apply(image, draw, &mut Scratch::default(), &mut floats);
    let planes: Vec<&[f32]> = floats.chunks_exact(height * width).collect();
    (0..height * width).flat_map(|at| planes.iter().map(move |plane| plane[at].round() as u8)).collect()
}

#[test]
fn evaluation_and_crops_match_torchvision_on_pillow() {
    for case in fixtures().resized {
        let (image, want) = (picture(&format!("{}.ppm", case.picture)), picture(&case.file));
        let got = match case.window {
            Some([left, top, width, height]) => {
                let window = Window { left, top, width, height };
                let mut scratch = Scratch::default();
                resize(&image, window, (case.size as u32, case.size as u32), case.kernel, &mut scratch);
                scratch.pixels
            }
            None => {
                let fit = if case.fit.as_deref() == Some("squash") { Fit::Squash } else { Fit::Crop };
                let crop_ratio = case.crop_ratio.unwrap();
                let interpolation = case.kernel;
                let transform =
                    EvalTransform { crop_ratio, fit, interpolation, ..EvalTransform::new(case.size, plain()) };
                bytes(&transform, &image, DRAW)
            }
        };
        assert_eq!(got.len(), want.len(), "{case:?}");
        let differences = got.iter().zip(want.iter()).map(|(a, b)| a.abs_diff(*b));
        let mean = differences.clone().map(f64::from).sum::<f64>() / got.len() as f64;
        let most = differences.max().unwrap();
        assert!(mean <= MEAN && most <= MOST, "mean {mean:.3}, most {most}: {case:?}");
    }
}

#[test]
fn random_windows_are_distributed_as_torchvisions() {
    for want in fixtures().random_windows {
        let draws = 100_000;
        let windows = (0..draws).map(|sample| {
            let draws = Draw { sample, ..DRAW }.stream(Part::Crop);
            random_window(120, 83, want.scale, want.ratio, &draws)
        });
        let windows: Vec<Window> = windows.collect();
        let mean = |of: &dyn Fn(&Window) -> f64| windows.iter().map(of).sum::<f64>() / draws as f64;
        let log_aspect = |window: &Window| (f64::from(window.width) / f64::from(window.height)).ln();
        // Five standard errors of 100,000 draws, ours and torchvision's together, lie below these.
        let near = |got: f64, want: f64, tolerance: f64| assert!((got - want).abs() < tolerance, "{got} {want}");
        near(mean(&|window| f64::from(window.width * window.height)), want.area, 0.01 * want.area);
        near(mean(&log_aspect), want.log_aspect, 0.01);
        near(mean(&|window| log_aspect(window).powi(2)), want.log_aspect_squared, 0.01);
        near(mean(&|window| f64::from(window.left)), want.left, 0.5);
        near(mean(&|window| f64::from(window.top)), want.top, 0.5);
    }
}

#[test]
fn a_strip_that_no_window_fits_gives_its_centre() {
    let window = |width, height| random_window(width, height, (0.9, 1.0), (0.75, 4.0 / 3.0), &DRAW.stream(Part::Crop));
    // torchvision.transforms.RandomResizedCrop.get_params gives the same.
    assert_eq!(window(400, 10), Window { left: 193, top: 0, width: 13, height: 10 });
    assert_eq!(window(10, 400), Window { left: 0, top: 193, width: 10, height: 13 });
    assert_eq!(window(1, 1), Window { left: 0, top: 0, width: 1, height: 1 });
}

const ALL: [Interpolation; 4] =
    [Interpolation::Bilinear, Interpolation::Bicubic, Interpolation::TfBilinear, Interpolation::Tf1Bicubic];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_picture_at_any_size_fills_the_output(
        width in 1u32..90, height in 1u32..90, size in 1usize..70, crop_ratio in 0.25f64..=1.0, squash: bool,
        fit in prop::sample::select(vec![Fit::Crop, Fit::Squash, Fit::Cut]), sample: u64, low in 0.01f64..1.0, grey: bool,
        interpolation in prop::sample::select(ALL.to_vec()), magnitude in 0.0f64..=30.0,
    ) {
        let image = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7]));
        let normalise = Normalise::new(if grey { 1 } else { 3 }, &[0.5], &[0.25]).unwrap();
        let eval = EvalTransform { crop_ratio, fit, interpolation, ..EvalTransform::new(size, normalise.clone()) };
        let train = TrainTransform { scale: (low, 1.0), interpolation, ..TrainTransform::new(size, normalise) };
        let distorted = TrainTransform {
            policy: Some(if squash { Policy::AutoAugment } else { Policy::RandAugment { layers: 3, magnitude } }),
            erase: Erasing::new(0.5),
            ..train.clone()
        };
        let mut scratch = Scratch::default();
        // A cubic overshoots, and evaluation does not clip TensorFlow's.
        let most = if interpolation == Interpolation::Tf1Bicubic { 5.0 } else { 2.0 };
        for (transform, most) in [(&eval as &dyn Transform, most), (&train, 2.0), (&distorted, 2.0)] {
            transform.check().unwrap();
            let mut out = vec![f32::NAN; transform.shape().iter().product()];
            transform.apply(&image, Draw { sample, ..DRAW }, &mut scratch, &mut out);
            prop_assert!(out.iter().all(|value| (-most..=most).contains(value)));
        }
    }
}

#[test]
fn a_strip_of_the_greatest_length_needs_no_memory_to_speak_of() {
    let image = RgbImage::from_pixel(crate::data::MAX_SIDE, 1, image::Rgb([9, 8, 7]));
    let out = bytes(&EvalTransform::new(384, plain()), &image, DRAW);
    assert!(out.chunks_exact(3).all(|pixel| pixel == [9, 8, 7]));
}

#[test]
fn the_whole_square_unflipped_is_the_evaluation_picture() {
    let image = picture("tiny.ppm");
    let whole = TrainTransform { scale: (1.0, 1.0), ratio: (1.0, 1.0), flip: 0.0, ..TrainTransform::new(64, plain()) };
    let seen = bytes(&whole, &image, DRAW);
    assert_eq!(seen, bytes(&EvalTransform::new(64, plain()), &image, DRAW));
    let mirrored = bytes(&TrainTransform { flip: 1.0, ..whole }, &image, DRAW);
    let rows = seen.chunks_exact(64 * 3).zip(mirrored.chunks_exact(64 * 3));
    rows.for_each(|(row, mirror)| assert!(row.chunks_exact(3).eq(mirror.chunks_exact(3).rev())));
}

#[test]
fn the_policy_and_the_eraser_come_last() {
    let image = picture("wide.ppm");
    let plain = TrainTransform { flip: 1.0, ..TrainTransform::new(64, plain()) };
    let policy = Policy::RandAugment { layers: 2, magnitude: 9.0 };
    let distorted = TrainTransform { policy: Some(policy), ..plain.clone() };
    let mut by_hand = bytes(&plain, &image, DRAW);
    let mut spare = Vec::new();
    let mut canvas = Canvas { pixels: &mut by_hand, spare: &mut spare, width: 64, height: 64 };
    policy.apply(&mut canvas, &DRAW.stream(Part::Policy));
    assert_eq!(bytes(&distorted, &image, DRAW), by_hand);
    assert_ne!(bytes(&plain, &image, DRAW), by_hand);

    // Erasing covers normalised values: 0 is black here, as the mean is 0.
    let erased = bytes(&TrainTransform { erase: Erasing::new(1.0), ..distorted }, &image, DRAW);
    let differ: Vec<usize> = (0..erased.len()).filter(|at| erased[*at] != by_hand[*at]).collect();
    assert!(differ.len() > 64 && differ.iter().all(|at| erased[*at] == 0));
}

#[test]
fn half_of_the_pictures_are_mirrored() {
    let flipped = (0..10_000).filter(|sample| Draw { sample: *sample, ..DRAW }.stream(Part::Flip).uniform(0) < 0.5);
    assert!((4_800..5_200).contains(&flipped.count()));
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let train = |change: &dyn Fn(&mut TrainTransform)| {
        let mut transform = TrainTransform::new(32, plain());
        change(&mut transform);
        transform.check().unwrap_err().to_string()
    };
    assert_eq!(train(&|train| train.size = 0), "size 0 is not in 1..=16384 pixels");
    assert_eq!(train(&|train| train.scale = (0.5, 1.5)), "scale (0.5, 1.5) is not within 0..=1 and in order");
    assert_eq!(train(&|train| train.scale.0 = f64::NAN), "scale (NaN, 1.0) is not within 0..=1 and in order");
    assert_eq!(train(&|train| train.ratio = (2.0, 1.0)), "ratio (2.0, 1.0) is not above 0 and in order");
    assert_eq!(train(&|train| train.flip = -0.1), "flip probability -0.1 is not within 0..=1");
    let layers = Policy::RandAugment { layers: 0, magnitude: 1.0 };
    assert!(train(&|train| train.policy = Some(layers)).starts_with("RandAugment has 0 layers"));
    assert!(train(&|train| train.erase.probability = 2.0).starts_with("random erasing's probability 2"));
    let crop = EvalTransform { crop_ratio: 0.0, ..EvalTransform::new(32, plain()) };
    assert_eq!(crop.check().unwrap_err().to_string(), "crop ratio 0 is not within 0.25..=1");
}
