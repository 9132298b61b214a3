//! A thousand images of which thirty are damaged: `check` names the thirty, a run leaves them out or names the first.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Cursor;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assert_cmd::Command;
use effnet_runtime::data::{self, Loader, LoaderOptions, Normalise, OnBadImage, Source, TrainTransform, Validation};
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::Value;

use crate::support::{effnet, fail, folder, succeed};

/// Images for training, the damaged ones among them: whole batches, of which an epoch leaves none out.
const TRAIN: usize = 960;
const VAL: usize = 40;
const BATCH: usize = 16;
const CLASSES: usize = 4;

const FORMATS: [(ImageFormat, &str); 5] = [
    (ImageFormat::Png, "png"),
    (ImageFormat::Jpeg, "jpg"),
    (ImageFormat::Gif, "gif"),
    (ImageFormat::WebP, "webp"),
    (ImageFormat::Bmp, "bmp"),
];

fn encoded(format: ImageFormat, number: usize) -> Vec<u8> {
    let pixel = |x: u32, y: u32| [x * 9, y * 7, x * y].map(|value| (value as usize + number) as u8);
    let image = RgbImage::from_fn(24, 24, |x, y| Rgb(pixel(x, y)));
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

/// Ways of damage: the extension of the file, and what makes one.
type Damage = (&'static str, fn(&Path));

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).expect("written");
}

/// Where only an administrator may make links, a folder, which is no picture either.
#[cfg(not(unix))]
fn symlink(_: impl AsRef<Path>, path: &Path) -> std::io::Result<()> {
    fs::create_dir(path)
}

fn png() -> Vec<u8> {
    encoded(ImageFormat::Png, 1)
}

/// The beginning of a file.
fn cut(format: ImageFormat, path: &Path) {
    let bytes = encoded(format, 1);
    write(path, &bytes[..bytes.len() * 2 / 3]);
}

const DAMAGES: [Damage; 15] = [
    ("png", |path| cut(ImageFormat::Png, path)),
    ("jpg", |path| cut(ImageFormat::Jpeg, path)),
    ("gif", |path| cut(ImageFormat::Gif, path)),
    ("webp", |path| cut(ImageFormat::WebP, path)),
    ("jpeg", |path| write(path, "")),
    ("png", |path| write(path, "not a picture at all\n")),
    ("webp", |path| write(path, "<!DOCTYPE html><html><title>404 Not Found</title></html>")),
    // Another format's mark.
    ("jpg", |path| write(path, [b"II*\0", &png()[4..]].concat())),
    // Zeros where a disk lost a sector.
    ("png", |path| {
        let mut bytes = png();
        let middle = bytes.len() / 2;
        bytes[middle - 50..middle + 50].fill(0);
        write(path, bytes);
    }),
    // A bit of a checksum.
    ("png", |path| {
        let mut bytes = png();
        bytes[29] ^= 4;
        write(path, bytes);
    }),
    // A header that claims 100,000 × 100,000 pixels.
    ("bmp", |path| {
        let mut bytes = encoded(ImageFormat::Bmp, 1);
        bytes[18..22].copy_from_slice(&100_000i32.to_le_bytes());
        bytes[22..26].copy_from_slice(&100_000i32.to_le_bytes());
        write(path, bytes);
    }),
    ("png", |path| fs::create_dir(path).expect("created")),
    // Unreadable, for root too: a link to nowhere, and one to itself.
    ("gif", |path| symlink("nowhere", path).expect("linked")),
    ("png", |path| symlink(path, path).expect("linked")),
    // Larger than any picture may be, and nothing but a hole.
    ("png", |path| File::create(path).and_then(|file| file.set_len(300 << 20)).expect("written")),
];

/// Writes the data set to `root/data`; the damaged files.
fn write_images(root: &Path) -> BTreeSet<PathBuf> {
    let mut damaged = BTreeSet::new();
    for (part, count) in [("train", TRAIN), ("val", VAL)] {
        for number in 0..count {
            let class = root.join(format!("data/{part}/{}", number % CLASSES));
            fs::create_dir_all(&class).expect("created");
            // Every 32nd is damaged: 30 of the 960.
            let damage = DAMAGES[number / 32 % DAMAGES.len()];
            if part == "train" && number % 32 == number / 32 % 32 {
                let path = class.join(format!("{number:03}.{}", damage.0));
                damage.1(&path);
                damaged.insert(path);
            } else {
                let (format, extension) = FORMATS[number % FORMATS.len()];
                write(&class.join(format!("{number:03}.{extension}")), encoded(format, number));
            }
        }
    }
    assert_eq!(damaged.len(), 30);
    damaged
}

fn train_on(root: &Path, on_bad_image: &str, output: &str) -> Command {
    let mut command = effnet(root);
    command.args(["train", "--table", "tiny.table", "--data", "data", "--epochs", "1", "--size", "32", "--seed", "7"]);
    command.args(["--batch", &BATCH.to_string(), "--on-bad-image", on_bad_image, "--output", output]);
    command
}

/// Loads an epoch and leaves bad files out: the samples that came, and those that did not.
fn load(source: &Arc<dyn Source>) -> (Vec<u64>, Vec<u64>) {
    let transform = TrainTransform::new(24, Normalise::new(3, &[0.5], &[0.5]).expect("three channels"));
    let options = LoaderOptions { on_bad_image: OnBadImage::Skip, threads: 3, ..LoaderOptions::new(BATCH) };
    let mut loader = Loader::new(source.clone(), Arc::new(transform), source.order(7, 0), &options).expect("a loader");
    let came = loader.by_ref().flat_map(|batch| batch.expect("a batch").samples).collect();
    (came, loader.skipped().iter().map(|skipped| skipped.sample as u64).collect())
}

#[test]
fn thirty_of_a_thousand() {
    let folder = folder();
    let damaged = write_images(folder.path());

    let mut check = effnet(folder.path());
    let output = check.args(["check", "data", "--json"]).assert().code(1).get_output().clone();
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let bad = report["bad"].as_array().expect("a list");
    let named: BTreeSet<PathBuf> =
        bad.iter().map(|bad| folder.path().join(bad["file"].as_str().expect("a path"))).collect();
    assert_eq!(named, damaged);
    assert_eq!((bad.len(), &report["train"], &report["val"]), (30, &TRAIN.into(), &VAL.into()));
    for bad in bad {
        let (file, reason) = (bad["file"].as_str().expect("a path"), bad["reason"].as_str().expect("a reason"));
        assert!(reason.contains(file) && !reason.contains("panicked"), "{reason}");
    }
    fail(effnet(folder.path()).args(["check", "data"]), &["30 files of data cannot be used"]);

    let train = data::open(&folder.path().join("data"), Validation::Auto, 7).expect("a data set").train;
    let (came, skipped) = load(&train);
    let names = |samples: &[u64]| -> BTreeSet<PathBuf> {
        samples.iter().map(|sample| PathBuf::from(train.name(*sample as usize))).collect()
    };
    assert_eq!((skipped.len(), names(&skipped)), (30, damaged.clone()));
    assert_eq!((came.len(), names(&came).len()), (TRAIN - 30, TRAIN - 30), "none comes twice");
    assert!(names(&came).is_disjoint(&damaged));

    let out = succeed(&mut train_on(folder.path(), "skip", "skipped"));
    assert!(out.contains("left out 30 bad files"), "{out}");
    let first = train.order(7, 0).into_iter().map(|sample| train.name(sample));
    let first = first.map(PathBuf::from).find(|name| damaged.contains(name)).expect("thirty");
    let first = first.strip_prefix(folder.path()).expect("in the folder").display().to_string();
    fail(&mut train_on(folder.path(), "fail", "failed"), &[&first]);
}
