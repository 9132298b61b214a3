//! Many images at once, some of which are none; and the image that a run suggests.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::support::{RUN, effnet, fail, folder, succeed, write_digits};

fn predict(folder: &Path, args: &[&str]) -> Command {
    let mut command = effnet(folder);
    command.args(["predict", "--top", "1", "--weights"]).arg(RUN.weights()).args(args);
    command
}

/// What each of some files that cannot be classified is refused with.
const BAD: [(&str, &str); 4] = [
    ("zero.jpg", "cannot decode zero.jpg: "),
    ("text.png", "cannot decode text.png: "),
    ("none.png", "cannot read none.png: "),
    ("images", "images is a folder: name the images in it, as images/*.jpg does"),
];

/// A folder with two good images and those files.
fn mixed() -> tempfile::TempDir {
    let folder = folder();
    write_digits(&folder.path().join("images"), 2, 1);
    for (class, good) in [("0", "a.png"), ("1", "b.png")] {
        fs::copy(folder.path().join("images").join(class).join("0.png"), folder.path().join(good)).expect("copied");
    }
    fs::write(folder.path().join("zero.jpg"), "").expect("written");
    fs::write(folder.path().join("text.png"), "no picture").expect("written");
    folder
}

#[test]
fn a_bad_file_is_named_and_the_others_are_classified() {
    let folder = mixed();
    let mut command = predict(folder.path(), &["a.png", "zero.jpg", "text.png", "none.png", "images", "b.png"]);
    let output = command.assert().code(1).get_output().clone();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
    let named: Vec<&str> = out.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(named, ["a.png", "b.png"], "{out}");
    assert_eq!(out.matches(" %  ").count(), 2, "{out}");
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines.len(), BAD.len() + 1, "{err}");
    for ((_, what), line) in BAD.iter().zip(&lines) {
        assert!(line.starts_with(what), "{line}");
    }
    assert_eq!(lines[BAD.len()], "error: 4 of 6 images could not be classified");
}

#[test]
fn in_json_a_bad_file_is_an_object_of_its_own() {
    let folder = mixed();
    let mut command = predict(folder.path(), &["--json", "zero.jpg", "a.png", "text.png", "none.png", "images"]);
    let output = command.assert().code(1).get_output().clone();
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let paths: Vec<&str> = lines.iter().map(|line| line["path"].as_str().expect("a path")).collect();
    assert_eq!(paths, ["zero.jpg", "a.png", "text.png", "none.png", "images"]);
    for line in &lines {
        let bad = BAD.iter().find(|(name, _)| line["path"] == *name);
        assert_eq!((line.get("top").is_none(), line.get("error").is_some()), (bad.is_some(), bad.is_some()), "{line}");
        if let Some((_, what)) = bad {
            assert!(line["error"].as_str().is_some_and(|error| error.starts_with(what)), "{line}");
        }
    }
}

#[test]
fn a_single_bad_file_is_the_error() {
    let folder = mixed();
    for (name, what) in BAD {
        fail(&mut predict(folder.path(), &[name]), &[&format!("error: {what}")]);
    }
}

/// Runs the command that a run suggests as its last line: the image, and the class that it is taken for.
fn suggested(place: &Path, out: &str) -> (String, String) {
    let next = out.lines().last().and_then(|line| line.strip_prefix("try it: effnet predict ")).expect(out);
    let words: Vec<&str> = next.split(' ').collect();
    let line = succeed(effnet(place).args(["predict", "--json", "--top", "1"]).args(&words));
    let line: Value = serde_json::from_str(&line).expect("JSON");
    let label = line["top"][0]["label"].as_str().expect("a label").to_owned();
    (line["path"].as_str().expect("a path").to_owned(), label)
}

#[test]
fn the_image_that_a_run_suggests_is_classified_rightly_and_is_of_the_validation() {
    let place = RUN.data().join("..");
    let mut command = effnet(&place);
    let out = succeed(command.args(["train", "--table", "tiny.table", "--resume", "--output", "run"]));
    let (image, label) = suggested(&place, &out);
    assert_eq!(Path::new(&image).parent().and_then(Path::file_name), Some(label.as_ref()), "{image}");
    let split = effnet_runtime::data::open(&RUN.data(), effnet_runtime::data::Validation::Auto, 0).expect("a data set");
    let names = (0..split.val.len()).map(|sample| fs::canonicalize(split.val.name(sample)).expect("a file"));
    assert!(names.collect::<Vec<_>>().contains(&fs::canonicalize(&image).expect("a file")), "{image}");
}

/// An image in a tar has no file of its own: the run writes one, named after its class.
#[test]
fn the_image_that_a_run_on_a_tar_suggests_is_classified_rightly() {
    let folder = folder();
    write_digits(&folder.path().join("data"), 2, 20);
    let tar = fs::File::create(folder.path().join("data.tar")).expect("created");
    let mut tar = tar::Builder::new(tar);
    tar.append_dir_all("", folder.path().join("data")).expect("packed");
    tar.finish().expect("packed");
    let mut command = effnet(folder.path());
    command.args(["train", "--table", "tiny.table", "--data", "data.tar", "--epochs", "4", "--batch", "8"]);
    let out = succeed(command.args(["--size", "32", "--output", "run"]));
    let (image, label) = suggested(folder.path(), &out);
    assert_eq!(image, format!("run/samples/{label}.png"));
}
