use std::fs;

use super::super::tests::{contents, folder, tar_bytes};
use super::super::{Source, Split, Validation, open, open_pictures, open_to_measure, open_whole};

/// Opens files as a folder, as a tar of it, and as a tar that wraps them in a folder. Messages call the data set
/// `DATA`.
fn in_all_ways(paths: &[&str], validation: Validation, test: impl Fn(Result<Split, String>)) {
    let (root, tars) = (folder(paths), tempfile::tempdir().unwrap());
    let wrapped: Vec<String> = paths.iter().map(|path| format!("set/{path}")).collect();
    let wrapped: Vec<&str> = wrapped.iter().map(String::as_str).collect();
    let ways = [root.path().to_owned(), tars.path().join("plain.tar"), tars.path().join("wrapped.tar")];
    fs::write(&ways[1], tar_bytes(paths)).unwrap();
    fs::write(&ways[2], tar_bytes(&wrapped)).unwrap();
    for path in &ways {
        test(open(path, validation, 0).map_err(|error| {
            let message = error.to_string().replace(&path.display().to_string(), "DATA");
            message.replace("DATA:set/", "DATA/").replace("DATA:set", "DATA").replace("DATA:", "DATA/")
        }));
    }
}

/// The paths of one part's images.
fn paths(source: &dyn Source) -> Vec<String> {
    contents(source).into_iter().map(|(_, path)| path.trim_start_matches("set/").to_owned()).collect()
}

/// Two classes of two images in each of these folders.
fn in_each(folders: &[&str]) -> Vec<String> {
    let images = ["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"];
    folders.iter().flat_map(|folder| images.map(|image| format!("{folder}/{image}"))).collect()
}

/// Opens two classes in each of `folders` and the files `beside`, and compares the parts and the files left out.
fn assert_parts(folders: &[&str], beside: &[&str], train: &str, val: &str, ignored: &str) {
    let files = in_each(folders);
    let files: Vec<&str> = files.iter().map(String::as_str).chain(beside.iter().copied()).collect();
    in_all_ways(&files, Validation::Auto, |split| {
        let split = split.unwrap_or_else(|error| panic!("{files:?}: {error}"));
        assert_eq!(split.train.classes(), ["cat", "dog"], "{files:?}");
        assert_eq!(split.val_fraction, None, "{files:?}");
        assert_eq!(paths(&*split.train), in_each(&[train]), "{files:?}");
        assert_eq!(paths(&*split.val), in_each(&[val]), "{files:?}");
        assert_eq!(split.ignored.to_string(), ignored, "{files:?}");
    });
}

const NOTHING: &str = "0 other files ()";

#[test]
fn parts_stay_parts_whatever_lies_beside_or_in_them() {
    let cases: [(&[&str], &str); 9] = [
        (&["train/preview.png"], "1 other file (1 outside class folders)"),
        (
            &["val/preview.png", "README", "train/cat/labels.txt"],
            "3 other files (1 .txt, 1 no extension, 1 outside class folders)",
        ),
        (&["preview.png"], "1 other file (1 outside class folders)"),
        (&["extra/bird/1.png", "extra/2.png", "extra/notes.txt"], "3 other files (1 .txt, 2 in extra)"),
        (&["test/cat/1.png", "test/dog/1.png"], "2 other files (2 in test)"),
        (&["test/1.png", "test/2.png"], "2 other files (2 in test)"),
        (&["validation/cat/1.png", "Train/dog/1.png"], "2 other files (1 in Train, 1 in validation)"),
        (&["bus/1.png", "lost+found/2.png", "@eaDir/cat/3.png"], "3 other files (1 in bus, 2 system)"),
        (
            &["$RECYCLE.BIN/desktop.ini", "train/cat/Thumbs.db", "train/System Volume Information/x"],
            "3 other files (3 system)",
        ),
    ];
    for (beside, ignored) in cases {
        assert_parts(&["train", "val"], beside, "train", "val", ignored);
    }
}

#[test]
fn parts_are_known_by_their_usual_names() {
    let cases = [
        ["train", "valid"],
        ["train", "validation"],
        ["train", "dev"],
        ["train", "eval"],
        ["train", "test"],
        ["Train", "Val"],
        ["Train", "Valid"],
        ["TRAIN", "TEST"],
        ["Training", "Testing"],
        ["Training", "Validation"],
        ["training", "validation"],
        ["training_set", "test_set"],
        ["train_images", "val_images"],
        ["seg_train", "seg_test"],
        ["flowers-train", "flowers-val"],
    ];
    for [train, val] in cases {
        assert_parts(&[train, val], &[], train, val, NOTHING);
    }
    assert_parts(&["Training", "Validation", "Testing"], &[], "Training", "Validation", "4 other files (4 in Testing)");
    assert_parts(&["dev", "test", "train"], &[], "train", "dev", "4 other files (4 in test)");
    // Kaggle's archives wrap each part in a second folder, and put pictures without labels beside them.
    assert_parts(&["train/train", "val/val"], &[], "train/train", "val/val", NOTHING);
    assert_parts(
        &["seg_train/seg_train", "seg_test/seg_test"],
        &["seg_pred/seg_pred/1.jpg", "seg_pred/seg_pred/2.jpg"],
        "seg_train/seg_train",
        "seg_test/seg_test",
        "2 other files (2 in seg_pred)",
    );
}

/// Opens files in all ways, and expects this error message from each.
fn assert_refused(files: &[&str], validation: Validation, wanted: &str) {
    in_all_ways(files, validation, |split| assert_eq!(split.err().expect("an error"), wanted));
}

#[test]
fn parts_that_cannot_be_used_are_refused_with_what_to_do() {
    let refused = |folders: &[&str], beside: &[&str], validation, wanted: &str| {
        let files = in_each(folders);
        let files: Vec<&str> = files.iter().map(String::as_str).chain(beside.iter().copied()).collect();
        assert_refused(&files, validation, wanted);
    };
    let auto = Validation::Auto;
    let add = "add val, or say how much to set aside with --val-fraction";
    // A test part with other classes, or with none, does not serve for validation.
    for beside in [&["test/bird/1.png"][..], &["test/1.png"], &["test/images/1.png"], &["pictures/1.png"]] {
        refused(&["train"], beside, auto, &format!("DATA has a folder train but none named val: {add}"));
    }
    refused(&["Training"], &["a/1.png"], auto, &format!("DATA has a folder Training but none named val: {add}"));
    refused(
        &["train"],
        &["val/1.png", "val/2.png"],
        auto,
        "DATA/val has images in no class folder: put them into one folder per class, as those to train on are",
    );
    refused(&["Train"], &["Val/bird/1.png"], auto, "DATA has the class bird in Val but not in Train: add it");
    refused(
        &["train", "valid", "dev"],
        &[],
        auto,
        "DATA has dev and valid, of which either may be the part val: name one val",
    );
    refused(
        &["Training", "Train", "test"],
        &[],
        auto,
        "DATA has Train and Training, of which either may be the part train: name one train",
    );
    for val in ["val", "Validation"] {
        let wanted = format!("DATA has a folder {val} of its own: leave out --val-fraction");
        refused(&["train", val], &[], Validation::Fraction(0.5), &wanted);
    }
}

#[test]
fn parts_by_unknown_names_are_not_taken_for_classes() {
    let to_do = "name them train and val if they are parts, or put all images of a class directly into its folder";
    for folders in [["fold_a", "fold_b"], ["one", "two"], ["test", "valid"], ["part1", "part2"]] {
        let (files, [one, other]) = (in_each(&folders), folders);
        let wanted = format!("DATA has folders that hold the same folders, {one} and {other} with cat, dog: {to_do}");
        assert_refused(&files.iter().map(String::as_str).collect::<Vec<_>>(), Validation::Auto, &wanted);
    }
}

/// Classes whose folders look like parts, or contain folders.
#[test]
fn classes_stay_classes() {
    let classes = |files: &[&str], names: &[&str]| {
        in_all_ways(files, Validation::Auto, |split| {
            let split = split.unwrap_or_else(|error| panic!("{files:?}: {error}"));
            assert_eq!(split.train.classes(), names, "{files:?}");
            assert_eq!(split.train.len() + split.val.len(), files.len(), "{files:?}");
        });
    };
    classes(&["bus/1.png", "bus/2.png", "train/1.png", "train/2.png"], &["bus", "train"]);
    classes(&["bus/1.png", "bus/2.png", "train/1.png", "train/old/2.png"], &["bus", "train"]);
    classes(&["train/1.png", "train/2.png", "test/1.png", "val/1.png"], &["test", "train", "val"]);
    classes(&["bullet_train/old/1.png", "bullet_train/new/2.png", "bus/1.png"], &["bullet_train", "bus"]);
    // Folders of years: not all of them in each class, or with images beside them in all.
    classes(&["cat/2020/1.png", "cat/2021/1.png", "dog/2020/1.png", "dog/2022/1.png"], &["cat", "dog"]);
    classes(
        &["cat/2020/1.png", "cat/2021/1.png", "cat/1.png", "dog/2020/1.png", "dog/2021/1.png", "dog/1.png"],
        &["cat", "dog"],
    );
    classes(&["cat/raw/1.png", "cat/raw/2.png", "dog/raw/1.png"], &["cat", "dog"]);
}

#[test]
fn a_share_of_train_is_set_aside_without_val() {
    let files = in_each(&["train", "test"]);
    let files: Vec<&str> = files.iter().map(String::as_str).chain(["val/1.png"]).collect();
    in_all_ways(&files, Validation::Fraction(0.5), |split| {
        let split = split.unwrap();
        assert_eq!((split.train.len(), split.val.len()), (2, 2));
        assert!(paths(&*split.val).iter().all(|path| path.starts_with("train/")));
        assert_eq!(split.ignored.to_string(), "5 other files (4 in test, 1 in val)");
    });
}

#[test]
fn one_class_is_enough_to_measure_on() {
    let cases: [(&[&str], usize); 3] = [
        (&["cat/1.png", "cat/2.png", "cat/3.png"], 1),
        (&["train/cat/1.png", "train/cat/2.png", "val/cat/3.png"], 1),
        (&["train/cat/1.png", "train/dog/2.png", "test/cat/3.png"], 1),
    ];
    for (files, val) in cases {
        let root = folder(files);
        assert_eq!(open_whole(root.path()).unwrap().len(), 3, "{files:?}");
        assert_eq!(open_to_measure(root.path(), Validation::Auto, 0).unwrap().val.len(), val, "{files:?}");
    }
    let root = folder(&["cat/1.png"]);
    assert_eq!(open_whole(root.path()).unwrap().classes(), ["cat"]);
    // A part without the other, and one without classes.
    assert_eq!(open_whole(folder(&["train/cat/1.png", "train/dog/2.png"]).path()).unwrap().len(), 2);
    let error = open_whole(folder(&["1.png", "2.png"]).path()).err().expect("an error").to_string();
    assert!(error.contains("has no class folders"), "{error}");
}

/// In folders that no data set has.
#[test]
fn pictures_need_no_class_folders() {
    let cases: [&[&str]; 4] = [
        &["1.png", "2.png"],
        &["1.png", "cat/2.png", "cat/old/3.png"],
        &["one/cat/1.png", "one/dog/1.png", "two/cat/1.png", "two/dog/1.png"],
        &["test/cat/1.png", "train/cat/1.png", "train/dog/1.png", "val/1.png"],
    ];
    for files in cases {
        let root = folder(files);
        let source = open_pictures(root.path()).unwrap_or_else(|error| panic!("{files:?}: {error}"));
        assert_eq!(paths(&*source), files);
    }
    let error = open_pictures(folder(&["notes.txt"]).path()).err().expect("an error").to_string();
    assert!(
        error.ends_with(
            "holds no image files (only 1 other file (1 .txt)): give a folder with JPEG, PNG, WebP, GIF or BMP files"
        ),
        "{error}"
    );
}
