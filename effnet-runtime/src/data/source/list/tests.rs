use std::fs;

use tempfile::TempDir;

use super::super::tests::contents;
use super::super::{Split, Validation, open, open_whole};

/// A list with these lines, and the files that it may name.
fn list(lines: &str) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for path in ["a.png", "b.png", "deep/c.jpg", "with space, and comma.png", "no_extension"] {
        fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
        fs::write(root.path().join(path), path).unwrap();
    }
    fs::write(root.path().join("list.csv"), lines).unwrap();
    root
}

/// The message of opening a list, without the path of its folder.
fn says(lines: &str, validation: Validation) -> String {
    let root = list(lines);
    let message = open(&root.path().join("list.csv"), validation, 0).err().expect("an error").to_string();
    message.replace(&format!("{}/", root.path().display()), "")
}

#[test]
fn a_list_divides_itself() {
    let root = list(
        "split,extra,path,label\ntrain,1,b.png,dog\nval,2,deep/c.jpg,cat\ntrain,,a.png,cat\n\
         val,,\"with space, and comma.png\",dog\ntrain,,no_extension,dog\n",
    );
    let split = open(&root.path().join("list.csv"), Validation::Auto, 0).unwrap();
    assert_eq!(split.train.classes(), ["cat", "dog"]);
    let item = |label, path: &str| (label, path.to_owned());
    assert_eq!(contents(&*split.train), [item(1, "b.png"), item(0, "a.png"), item(1, "no_extension")]);
    assert_eq!(contents(&*split.val), [item(0, "deep/c.jpg"), item(1, "with space, and comma.png")]);
    assert_eq!(split.val_fraction, None);
    assert_eq!(split.train.name(0), root.path().join("b.png").display().to_string());
    let whole = open_whole(&root.path().join("list.csv")).unwrap();
    assert_eq!(whole.len(), 5);
    assert_eq!(contents(&*whole)[1], item(0, "deep/c.jpg"));
}

#[test]
fn without_a_column_split_a_fraction_is_set_aside() {
    // As spreadsheets write it: a mark at its beginning, capitals, blanks, Windows's line ends.
    let lines = "\u{feff}Path, Label\r\na.png, dog\r\nb.png, dog\r\ndeep/c.jpg, cat\r\nno_extension, cat\r\n";
    let root = list(lines);
    let opened = || open(&root.path().join("list.csv"), Validation::Fraction(0.5), 0).unwrap();
    let split = opened();
    assert_eq!((split.train.len(), split.val.len(), split.val_fraction), (2, 2, Some(0.5)));
    let classes = |split: &Split| (0..2).map(|sample| split.val.label(sample)).sum::<usize>();
    assert_eq!(classes(&split), 1, "one of each class");
    let again = opened();
    assert_eq!(contents(&*split.val), contents(&*again.val));
}

#[test]
fn mistakes_are_named() {
    let auto = Validation::Auto;
    assert_eq!(
        says("file;label\na.png;cat\n", auto),
        "list.csv has no column path (its first line names: file;label): the columns are path, label and, if wanted, split"
    );
    assert_eq!(
        says("path,class\na.png,cat\n", auto),
        "list.csv has no column label (its first line names: path, class): the columns are path, label and, if wanted, \
         split"
    );
    assert!(says("", auto).starts_with("list.csv has no column path (its first line names: none)"));
    assert_eq!(says("path,label\n", auto), "list.csv lists no images: it has no line below its first");
    assert_eq!(
        says("path,label\na.png,cat\nb.png,\n", auto),
        "list.csv has an empty label in line 3: fill it, or remove the line"
    );
    assert_eq!(
        says("path,label\n\n ,cat\n", auto),
        "list.csv has an empty path in line 3: fill it, or remove the line"
    );
    assert_eq!(
        says("path,label,split\na.png,cat,test\n", auto),
        "list.csv has the split test in line 2: it can be train or val"
    );
    assert_eq!(
        says("path,label,split\na.png,cat,\n", auto),
        "list.csv has an empty split in line 2: fill it, or remove the line"
    );
    assert_eq!(
        says("path,label\na.png,cat\ngone.png,dog\n", auto),
        "list.csv lists a file that is not there, gone.png (line 3): paths are relative to the list's folder"
    );
    assert_eq!(
        says("path,label\ngone.png,cat\nb.png,dog\nalso.png,dog\n", auto),
        "list.csv lists 2 files that are not there, gone.png (line 2), also.png (line 4): paths are relative to its \
         folder"
    );
    assert_eq!(
        says("path,label\na.png,cat\nb.png,dog\na.png,dog\n", auto),
        "list.csv lists a.png twice, in lines 2 and 4: keep one"
    );
    assert_eq!(
        says("path,label\na.png,cat\nb.png,dog,7\n", auto),
        "list.csv has 3 cells in line 3, and its first line has 2: correct it"
    );
    assert_eq!(
        says("path,label\na.png,cat\n", auto),
        "list.csv has only one class, cat: a classifier needs at least two"
    );
    assert_eq!(
        says("path,label\na.png,cat\nb.png,dog\n", auto),
        "list.csv has one image a class: a validation set needs at least two in some class"
    );
    assert_eq!(
        says("path,label,split\na.png,cat,train\nb.png,dog,train\n", auto),
        "list.csv has a column split but no line of val: add some, or remove the column"
    );
    assert_eq!(
        says("path,label,split\na.png,cat,train\nb.png,dog,val\n", auto),
        "list.csv has the class dog in val but not in train: add it"
    );
    assert_eq!(
        says("path,label,split\na.png,cat,train\nb.png,dog,val\n", Validation::Fraction(0.5)),
        "list.csv has a column split of its own: leave out --val-fraction"
    );
    assert_eq!(
        says("path,label\na.png,cat\nb.png,dog\n", Validation::Fraction(2.0)),
        "--val-fraction 2 is not between 0 and 1"
    );
}

#[test]
fn text_that_is_not_utf_8_is_named_by_its_line() {
    let root = list("");
    fs::write(root.path().join("list.csv"), b"path,label\na.png,cat\nb.png,\xe9l\xe9phant\n").unwrap();
    let message = open(&root.path().join("list.csv"), Validation::Auto, 0).err().expect("an error").to_string();
    assert!(message.ends_with("list.csv is not UTF-8 in line 3: save it as UTF-8"), "{message}");
}
