//! Habits of the programs and people that make shards.

use super::super::super::bytes::Stored;
use super::super::super::{Validation, open, open_to_measure, open_whole};
use super::{Named, contents, folder, items, says, shard, tar_of};

/// A shard of ten samples whose labels stand in `.json` entries, which `json` makes from them.
fn with_json(json: impl Fn(usize) -> String) -> Vec<u8> {
    let entries: Vec<(String, String)> = (0..10)
        .flat_map(|at| [(format!("{at:04}.png"), String::new()), (format!("{at:04}.json"), json(at % 2))])
        .collect();
    let entries: Vec<(&str, &str)> = entries.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    shard(&entries)
}

/// The error message for a shard, which is the same for it alone and for its folder.
fn says_both(shard: &[u8]) -> String {
    let [alone, among] = ["s.tar", ""].map(|path| says(&[("s.tar", shard.to_vec())], path));
    assert_eq!(alone.replace("DATA/s.tar", "DATA"), among.replace("DATA/s.tar", "DATA").replace("DATA/", "DATA"));
    alone
}

#[test]
fn json_is_read_as_python_writes_it() {
    let cases: [(&str, Vec<u8>); 4] = [
        ("NaN", with_json(|label| format!(r#"{{"score": NaN, "label": {label}, "far": [-Infinity, Infinity]}}"#))),
        ("70 kB", with_json(|label| format!(r#"{{"text": "{}", "label": {label}}}"#, "x".repeat(72_000)))),
        ("7 MB", with_json(|label| format!(r#"{{"boxes": [{}0], "cls": "{label}"}}"#, "[1.5, 2],".repeat(800_000)))),
        ("a mark", with_json(|label| format!("\u{feff}{{\"class\": {label}}}"))),
    ];
    for (name, tar) in cases {
        let root = folder(&[("s.tar", tar)]);
        for path in [root.path().to_owned(), root.path().join("s.tar")] {
            let whole = open_whole(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!((whole.len(), whole.classes()), (10, &["0".to_owned(), "1".to_owned()][..]), "{name}");
            assert!((0..10).all(|sample| whole.label(sample) == sample % 2), "{name}");
        }
    }
}

#[test]
fn json_that_cannot_be_used_is_named() {
    let broken = says_both(&with_json(|_| "{".to_owned()));
    assert!(broken.starts_with("DATA/s.tar:0000.png has a .json beside it that is none ("), "{broken}");
    let long = with_json(|label| format!(r#"{{"text": "{}", "label": {label}}}"#, "x".repeat(9 << 20)));
    assert_eq!(says_both(&long), "DATA/s.tar:0000.png has a .json of 9437208 bytes, and 8388608 is the limit");
    assert_eq!(
        says_both(&with_json(|_| r#"{"label": NaN}"#.to_owned())),
        "DATA/s.tar holds no label for 0000.png: add one in a .cls file of the same name, or put the images into one \
         folder per class"
    );
    let utf_16: Vec<u8> = [0xff, 0xfe].into_iter().chain("{}".bytes().flat_map(|byte| [byte, 0])).collect();
    let tar = tar_of(&[("1.png", b"1"), ("1.json", &utf_16)]);
    assert_eq!(says_both(&tar), "DATA/s.tar:1.png has a .json that is UTF-16: save it as UTF-8");
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_name() {
    let tar = shard(&[("1.png", ""), ("1.cls", "\u{feff}cat\r\n"), ("2.png", ""), ("2.cls", "dog")]);
    assert_eq!(open_whole(folder(&[("s.tar", tar.clone())]).path()).unwrap().classes(), ["cat", "dog"]);
    let names = |text: &str| folder(&[("s.tar", tar.clone()), ("classes.txt", text.as_bytes().to_vec())]);
    assert_eq!(open_whole(names("\u{feff}dog\r\ncat\r\n").path()).unwrap().classes(), ["dog", "cat"]);
    let utf_16: Vec<u8> = "\u{feff}cat\ndog\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(
        says(&[("s.tar", tar.clone()), ("classes.txt", utf_16)], "s.tar"),
        "DATA/classes.txt is UTF-16: save it as UTF-8"
    );
    assert_eq!(
        says(&[("s.tar", tar), ("classes.txt", b"caf\xe9\ndog\n".to_vec())], "s.tar"),
        "DATA/classes.txt is not UTF-8: save it as UTF-8"
    );
}

#[test]
fn keys_that_hold_dots_are_explained_by_the_rule() {
    let names: Vec<String> =
        (0..5000).flat_map(|at| [format!("img.{at:04}.png"), format!("img.{at:04}.cls")]).collect();
    let entries: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let message = says_both(&shard(&entries));
    assert_eq!(
        message.replace("DATA/s.tar", "DATA"),
        "DATA holds no samples with an image: a key ends at the first dot of a name, which makes img.0000.png the .0000.png \
         of a sample img: rename it and its like, as to img_0000.png"
    );
    // A second view of a sample is not an error.
    let views = shard(&[("1.left.png", ""), ("1.png", ""), ("1.cls", "a"), ("2.png", ""), ("2.cls", "b")]);
    let root = folder(&[("s.tar", views)]);
    assert_eq!(contents(&*open_whole(root.path()).unwrap()), items(&[(0, "1.png"), (1, "2.png")]));
}

#[test]
fn tars_named_after_their_classes_are_read() {
    let class = |name: &str| shard(&[(&format!("{name}_0.JPEG"), ""), (&format!("{name}_1.JPEG"), "")]);
    let files =
        |names: &[&'static str]| names.iter().map(|name| (*name, class(&name[..name.len() - 4]))).collect::<Vec<_>>();
    let pictures = |names: &[&str]| {
        let name =
            |(label, name): (usize, &&str)| [(label, format!("{name}_0.JPEG")), (label, format!("{name}_1.JPEG"))];
        names.iter().enumerate().flat_map(name).collect::<Vec<_>>()
    };
    let root = folder(&files(&["n01440764.tar", "n01443537.tar", "n01484850.tar"]));
    let whole = open_whole(root.path()).unwrap();
    assert_eq!(whole.classes(), ["n01440764", "n01443537", "n01484850"]);
    assert_eq!(contents(&*whole), pictures(&["n01440764", "n01443537", "n01484850"]));
    assert_eq!(open_whole(&root.path().join("n01443537.tar")).unwrap().classes(), ["n01443537"]);
    let root = folder(&files(&["dog.tar", "st bernard.tar"]));
    assert_eq!(open_whole(root.path()).unwrap().classes(), ["dog", "st bernard"]);

    let parts =
        [("train/n01440764.tar", class("a")), ("train/n01443537.tar", class("b")), ("val/n01443537.tar", class("c"))];
    let split = open(folder(&parts).path(), Validation::Auto, 0).unwrap();
    assert_eq!((split.train.classes().len(), split.train.len(), split.val.label(1)), (2, 4, 1));

    // Shards' numbers are no classes, nor are parts or a tar alone.
    let unlabelled = "add one in a .cls file of the same name, or put the images into one folder per class";
    let numbered = [("train/n1.tar", class("n1")), ("train/n2.tar", class("n2"))];
    assert_eq!(says(&numbered, ""), format!("DATA/train/n1.tar holds no label for n1_0.JPEG: {unlabelled}"));
    for names in [&["shard-0000.tar", "shard-0001.tar"][..], &["train.tar", "val.tar"], &["cat.tar"]] {
        assert!(says(&files(names), "").ends_with(unlabelled), "{names:?}");
    }
}

#[test]
fn parts_of_shards_are_known_by_their_usual_names() {
    let tar = |first: usize| {
        let entries: Vec<(String, String)> = (first..first + 2)
            .flat_map(|at| [(format!("{at}.png"), String::new()), (format!("{at}.cls"), (at % 2).to_string())])
            .collect();
        shard(&entries.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
    };
    let cases: [(&[&str], &str); 8] = [
        (&["train/0.tar", "val/0.tar"], "0 other files ()"),
        (&["Training/0.tar", "Validation/0.tar"], "0 other files ()"),
        (&["train/0.tar", "test/0.tar", "README"], "1 other file (1 no extension)"),
        (&["train/0.tar", "valid/0.tar", "test/0.tar", "test/1.tar"], "2 other files (2 in test)"),
        (&["train/0.tar", "val/0.tar", "Val/0.tar", "extra/x/1.png"], "2 other files (1 in Val, 1 in extra)"),
        (&["train-000.tar", "val-000.tar"], "0 other files ()"),
        (&["set-train-000.tar", "set-validation-000.tar", "set-test-000.tar"], "1 other file (1 .tar)"),
        (&["train_0.tar", "test_0.tar", "stray.png"], "1 other file (1 .png)"),
    ];
    for (files, ignored) in cases {
        let files: Vec<Named<'_>> = files.iter().enumerate().map(|(at, path)| (*path, tar(2 * at))).collect();
        let root = folder(&files);
        let split = open(root.path(), Validation::Auto, 0).unwrap_or_else(|error| panic!("{:?}: {error}", files[0].0));
        assert_eq!((split.train.len(), split.val.len(), split.val_fraction), (2, 2, None), "{:?}", files[0].0);
        assert_eq!(contents(&*split.val)[0].1, "2.png", "{:?}", files[0].0);
        assert_eq!(split.ignored.to_string(), ignored, "{:?}", files[0].0);
    }
    let both = [("Train/0.tar", tar(0)), ("Training/0.tar", tar(2))];
    assert_eq!(says(&both, ""), "DATA/ has Train and Training, of which either may be the part train: name one train");
}

#[test]
fn one_class_is_enough_to_measure_on() {
    let tar = shard(&[("1.png", ""), ("1.cls", "cat"), ("2.png", ""), ("2.cls", "cat")]);
    let root = folder(&[("s.tar", tar)]);
    let split = open_to_measure(root.path(), Validation::Auto, 0).unwrap();
    assert_eq!((split.train.len(), split.val.len(), split.val.classes()), (1, 1, &["cat".to_owned()][..]));
    assert_eq!(open_whole(&root.path().join("s.tar")).unwrap().len(), 2);
}

#[test]
fn links_are_samples_of_their_own() {
    let mut tar = ::tar::Builder::new(shard_bytes(&[("1.png", "picture"), ("1.cls", "cat"), ("2.cls", "dog")]));
    let mut header = ::tar::Header::new_gnu();
    header.set_entry_type(::tar::EntryType::Link);
    header.set_size(0);
    tar.append_link(&mut header, "2.png", "1.png").unwrap();
    let root = folder(&[("s.tar", tar.into_inner().unwrap())]);
    let whole = open_whole(root.path()).unwrap();
    assert_eq!(contents(&*whole), items(&[(0, "picture"), (1, "picture")]));
    assert!(matches!(size_of::<Stored>(), 1..=24), "a million samples take little memory");
}

/// A shard without its end, to be continued.
fn shard_bytes(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = shard(entries);
    tar.truncate(tar.len() - 1024);
    tar
}
