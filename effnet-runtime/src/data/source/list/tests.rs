use std::fs;

use tempfile::TempDir;

use super::super::tests::contents;
use super::super::{Split, Validation, open, open_to_measure, open_whole};

/// A folder with a list of these lines, and with the files that it may name.
fn list(lines: &str) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for path in ["a.png", "b.png", "deep/c.jpg", "with space, and comma.png", "no_extension"] {
        fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
        fs::write(root.path().join(path), path).unwrap();
    }
    fs::write(root.path().join("list.csv"), lines).unwrap();
    root
}

/// The error message for a list, without its folder's path.
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
    // A spreadsheet's output: a byte order mark, capitals, blanks, Windows's line ends.
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
        says("file,label\na.png,cat\n", auto),
        "list.csv has no column path (its first line names: file, label): the columns are path, label and, if wanted, split"
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
        says("path,label,split\na.png,cat,spare\n", auto),
        "list.csv has the split spare in line 2: it can be train, val or test"
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

#[test]
fn other_separators_and_encodings_get_a_hint() {
    let auto = Validation::Auto;
    for (separator, what) in [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")] {
        let lines = "path,label\na.png,cat\nb.png,dog\n".replace(',', separator);
        assert_eq!(says(&lines, auto), format!("list.csv has {what} between its columns: save it with commas"));
    }
    let root = list("");
    fs::write(root.path().join("list.tsv"), "path\tlabel\na.png\tcat\n").unwrap();
    let message = open(&root.path().join("list.tsv"), auto, 0).err().expect("an error").to_string();
    assert!(message.ends_with("list.tsv has tabs between its columns: save it with commas"), "{message}");
    let utf_16: Vec<u8> = "\u{feff}path,label\r\na.png,cat\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(root.path().join("list.csv"), utf_16).unwrap();
    let message = open(&root.path().join("list.csv"), auto, 0).err().expect("an error").to_string();
    assert!(message.ends_with("list.csv is UTF-16: save it as UTF-8"), "{message}");
    assert_eq!(
        says("path,label\ndeep\\c.jpg,cat\nb.png,dog\n", auto),
        "list.csv lists a file that is not there, deep\\c.jpg (line 2); between folders its path needs a / instead of \\"
    );
    let many: Vec<String> = (0..500).map(|at| format!("column {at}")).collect();
    assert!(says(&many.join(","), auto).len() < 300);
}

#[test]
fn a_path_is_the_same_however_it_is_written() {
    let twice = |first: &str, second: &str| {
        says(&format!("path,label\n{first},cat\nb.png,dog\n{second},dog\n"), Validation::Auto)
    };
    for [first, second] in [
        ["./a.png", "a.png"],
        ["a.png", "././/a.png"],
        ["deep/c.jpg", "deep//c.jpg"],
        ["deep/c.jpg", "deep/../deep/./c.jpg"],
        ["deep/../a.png", "a.png"],
    ] {
        assert_eq!(twice(first, second), format!("list.csv lists {second} twice, in lines 2 and 4: keep one"));
    }
    let root = list("");
    let here = root.path().join("a.png").display().to_string();
    fs::write(root.path().join("list.csv"), format!("path,label\n{here},cat\na.png,dog\n")).unwrap();
    let message = open(&root.path().join("list.csv"), Validation::Auto, 0).err().expect("an error").to_string();
    assert!(message.ends_with("lists a.png twice, in lines 2 and 3: keep one"), "{message}");
}

/// After a link, `..` is a different folder from the one in front of it.
#[cfg(unix)]
#[test]
fn paths_behind_links_are_told_apart() {
    let root = list("path,label\nlink/../c.jpg,cat\nc.jpg,dog\na.png,cat\nb.png,dog\n");
    fs::create_dir_all(root.path().join("far/away")).unwrap();
    fs::write(root.path().join("far/c.jpg"), "far").unwrap();
    fs::write(root.path().join("c.jpg"), "near").unwrap();
    std::os::unix::fs::symlink("far/away", root.path().join("link")).unwrap();
    let whole = open_whole(&root.path().join("list.csv")).unwrap();
    assert_eq!(contents(&*whole)[..2], [(0, "far".to_owned()), (1, "near".to_owned())]);
}

#[test]
fn blanks_at_the_ends_of_a_path_are_its_own_where_a_file_has_them() {
    let root = list("path,label\n\" a.png \",cat\na.png , dog\nb.png,\" cat\"\n\"no_extension \",dog\n");
    fs::write(root.path().join(" a.png "), "blanks").unwrap();
    let whole = open_whole(&root.path().join("list.csv")).unwrap();
    let item = |label, contents: &str| (label, contents.to_owned());
    assert_eq!(whole.classes(), ["cat", "dog"]);
    assert_eq!(contents(&*whole), [item(0, "blanks"), item(1, "a.png"), item(0, "b.png"), item(1, "no_extension")]);
}

#[test]
fn splits_are_known_by_their_usual_names() {
    let opened = |splits: [&str; 4]| {
        let [a, b, c, d] = splits;
        let root = list(&format!(
            "path,label,split\na.png,cat,{a}\nb.png,dog,{b}\ndeep/c.jpg,cat,{c}\nno_extension,dog,{d}\n"
        ));
        let split = open(&root.path().join("list.csv"), Validation::Auto, 0).unwrap();
        let whole = open_whole(&root.path().join("list.csv")).unwrap();
        (split.train.len(), split.val.len(), split.ignored.to_string(), whole.len())
    };
    for [train, val] in [["train", "val"], ["Train", "Valid"], ["training", "validation"], ["TRAIN", "TEST"]] {
        assert_eq!(opened([train, train, val, val]), (2, 2, "0 other files ()".to_owned(), 4), "{train}, {val}");
    }
    let three = opened(["train", "train", "val", "test"]);
    assert_eq!(three, (2, 1, "1 other file (1 in test)".to_owned(), 3));
}

#[test]
fn one_class_is_enough_to_measure_on() {
    let root = list("path,label,split\na.png,cat,train\nb.png,cat,val\n");
    let path = root.path().join("list.csv");
    assert_eq!(open_to_measure(&path, Validation::Auto, 0).unwrap().val.len(), 1);
    assert_eq!(open_whole(&path).unwrap().classes(), ["cat"]);
}
