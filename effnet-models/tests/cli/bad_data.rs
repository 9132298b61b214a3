//! Data sets that cannot be trained on, and run folders that cannot be written.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

use crate::support::{effnet, fail, folder, write_digits};

fn train_on(folder: &Path, data: &str) -> Command {
    let mut command = effnet(folder);
    command.args(["train", "--table", "tiny.table", "--epochs", "1", "--batch", "4", "--size", "32", "--data", data]);
    command
}

#[test]
fn a_missing_folder() {
    let folder = folder();
    fail(&mut train_on(folder.path(), "nowhere"), &["there is no data set at ", "nowhere: give a folder"]);
    fail(effnet(folder.path()).args(["check", "nowhere"]), &["there is no data set at nowhere"]);
    assert!(!folder.path().join("runs").exists(), "no run folder is left behind");
}

#[test]
fn an_empty_folder() {
    let folder = folder();
    fs::create_dir(folder.path().join("data")).expect("created");
    fail(&mut train_on(folder.path(), "data"), &["data holds no image files", "one folder per class"]);
}

#[test]
fn a_class_without_images() {
    let folder = folder();
    write_digits(&folder.path().join("data"), 3, 4);
    fs::create_dir(folder.path().join("data/unicorn")).expect("created");
    fail(&mut train_on(folder.path(), "data"), &["has a class folder without images, unicorn", "fill it or remove it"]);
}

#[test]
fn a_truncated_jpeg() {
    let folder = folder();
    write_digits(&folder.path().join("data"), 2, 4);
    let mut jpeg = Vec::new();
    let picture = image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([x as u8 * 4, y as u8 * 4, 128]));
    picture.write_to(&mut std::io::Cursor::new(&mut jpeg), image::ImageFormat::Jpeg).expect("encoded");
    fs::write(folder.path().join("data/1/cut.jpg"), &jpeg[..jpeg.len() / 2]).expect("written");
    fail(&mut train_on(folder.path(), "data"), &["cut.jpg"]);
    fail(effnet(folder.path()).args(["check", "data"]), &["1 file of data cannot be used", "cut.jpg"]);
}

#[test]
fn a_text_file_named_png() {
    let folder = folder();
    write_digits(&folder.path().join("data"), 2, 4);
    fs::write(folder.path().join("data/0/words.png"), "not a picture").expect("written");
    fail(&mut train_on(folder.path(), "data"), &["words.png"]);
    fail(effnet(folder.path()).args(["check", "data"]), &["1 file of data cannot be used", "words.png"]);
}

#[test]
fn check_of_a_good_data_set() {
    let folder = folder();
    write_digits(&folder.path().join("data"), 3, 5);
    let report = crate::support::succeed_json(effnet(folder.path()).args(["check", "data", "--json"]));
    assert_eq!((&report["train"], &report["val"]), (&12.into(), &3.into()));
    assert_eq!(report["classes"][2], serde_json::json!({"name": "2", "train": 4, "val": 1}));
    assert_eq!(report["bad"], serde_json::json!([]));
}

/// Root may write anywhere but below a file.
#[test]
fn a_run_folder_that_cannot_be_made() {
    let folder = folder();
    write_digits(&folder.path().join("data"), 2, 4);
    fs::write(folder.path().join("file"), "").expect("written");
    fail(train_on(folder.path(), "data").args(["--output", "file/run"]), &["file/run"]);
}

#[test]
fn an_existing_run_folder_is_not_overwritten() {
    let folder = folder();
    write_digits(&folder.path().join("data"), 2, 4);
    fs::create_dir(folder.path().join("mine")).expect("created");
    fs::write(folder.path().join("mine/thesis.txt"), "years of work").expect("written");
    fail(train_on(folder.path(), "data").args(["--output", "mine"]), &["mine", "--resume"]);
    assert_eq!(fs::read_to_string(folder.path().join("mine/thesis.txt")).expect("still there"), "years of work");
}
