mod habits;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::super::samples::Sample;
use super::super::tests::{contents, gzip, tar_of};
use super::super::{Split, Validation, open, open_whole};
use super::order::{BUFFER, order};
use super::store::Place;

/// A file of these tests: its path in the folder, and its contents.
type Named<'a> = (&'a str, Vec<u8>);

fn folder(files: &[Named<'_>]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
        fs::write(root.path().join(path), bytes).unwrap();
    }
    root
}

/// A shard of images, which hold their own paths, and other entries.
fn shard(entries: &[(&str, &str)]) -> Vec<u8> {
    let entries: Vec<(&str, &[u8])> = entries
        .iter()
        .map(|(path, text)| (*path, if text.is_empty() { path.as_bytes() } else { text.as_bytes() }))
        .collect();
    tar_of(&entries)
}

fn items(items: &[(usize, &str)]) -> Vec<(usize, String)> {
    items.iter().map(|(label, path)| (*label, (*path).to_owned())).collect()
}

fn opened(root: &TempDir) -> Split {
    open(root.path(), Validation::Auto, 0).unwrap()
}

/// The error message for `path` in a folder of these files, without the folder's path.
fn says(files: &[Named<'_>], path: &str) -> String {
    let root = folder(files);
    let message = open(&root.path().join(path), Validation::Auto, 0).err().expect("an error").to_string();
    message.replace(&root.path().display().to_string(), "DATA")
}

#[test]
fn labels_are_numbers_in_cls_or_json() {
    let first = shard(&[
        ("a/0001.jpg", ""),
        ("a/0001.cls", "2\n"),
        ("a/0001.txt", "a caption"),
        ("a/0002.json", r#"{"caption": "x", "label": 0}"#),
        ("a/0002.png", ""),
        ("._0002.png", ""),
    ]);
    let second = shard(&[
        ("b/1.cls", "1"),
        ("b/1.WEBP", ""),
        ("b/2.seg.png", ""),
        ("b/2.json", r#"{"cls": "2"}"#),
        ("b/2.bmp", ""),
    ]);
    let val = shard(&[("x.gif", ""), ("x.json", r#"{"class": 1}"#)]);
    let root = folder(&[("train/t-1.tar", second), ("train/t-0.tar", first), ("val/v.tar", val), ("README", vec![])]);
    let split = opened(&root);
    assert_eq!(split.train.classes(), ["0", "1", "2"]);
    let train = items(&[(2, "a/0001.jpg"), (0, "a/0002.png"), (1, "b/1.WEBP"), (2, "b/2.bmp")]);
    assert_eq!(contents(&*split.train), train);
    assert_eq!(contents(&*split.val), items(&[(1, "x.gif")]));
    assert_eq!(split.val_fraction, None);
    assert_eq!(split.ignored.to_string(), "4 other files (1 .seg.png, 1 .txt, 1 hidden, 1 no extension)");
    assert_eq!(split.train.name(3), root.path().join("train/t-1.tar:b/2.bmp").display().to_string());
    assert_eq!(
        contents(&*open_whole(root.path()).unwrap())[2..],
        [train[2..].to_vec(), items(&[(1, "x.gif")])].concat()
    );
}

#[test]
fn labels_are_names_and_classes_txt_orders_them() {
    let tar =
        shard(&[("1.jpg", ""), ("1.cls", "dog"), ("2.jpg", ""), ("2.cls", "ant"), ("3.jpg", ""), ("3.cls", "dog")]);
    let split = opened(&folder(&[("s.tar", tar.clone())]));
    assert_eq!(split.train.classes(), ["ant", "dog"]);
    let root = folder(&[("s.tar", tar), ("classes.txt", b"zebra\ndog\nant\n".to_vec())]);
    for path in [root.path().to_owned(), root.path().join("s.tar")] {
        let whole = open_whole(&path).unwrap();
        assert_eq!(whole.classes(), ["zebra", "dog", "ant"]);
        assert_eq!(contents(&*whole), items(&[(1, "1.jpg"), (2, "2.jpg"), (1, "3.jpg")]));
    }
    // Numbers, with names for them.
    let tar = shard(&[("1.jpg", ""), ("1.cls", "1"), ("2.jpg", ""), ("2.cls", "0")]);
    let root = folder(&[("s.tar", tar), ("classes.txt", b"cat\ndog".to_vec())]);
    let whole = open_whole(root.path()).unwrap();
    assert_eq!((whole.classes(), whole.label(0)), (&["cat".to_owned(), "dog".to_owned()][..], 1));
}

#[test]
fn without_labels_the_folder_is_the_class() {
    let tars =
        [shard(&[("set/7/1.jpg", ""), ("set/10/1.jpg", "")]), shard(&[("set/7/2.jpg", ""), ("set/10/3.jpg", "")])];
    let root = folder(&[("s-08.tar", tars[0].clone()), ("s-09.tar", tars[1].clone())]);
    let pattern = root.path().join("s-{08..09}.tar");
    for path in [root.path(), &pattern] {
        let whole = open_whole(path).unwrap();
        // Names in byte order, as for class folders, although they look like numbers.
        assert_eq!(whole.classes(), ["10", "7"]);
        let all = [(1, "set/7/1.jpg"), (0, "set/10/1.jpg"), (1, "set/7/2.jpg"), (0, "set/10/3.jpg")];
        assert_eq!(contents(&*whole), items(&all));
    }
}

#[test]
fn a_tar_of_class_folders_is_told_from_a_shard_by_its_contents() {
    let kind = |entries: &[(&str, &str)]| {
        let root = folder(&[("x.tar", shard(entries))]);
        let source = open_whole(&root.path().join("x.tar")).unwrap();
        (source.classes().to_vec(), contents(&*source).len())
    };
    let classes = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let images = [("cat/1.png", ""), ("cat/2.png", ""), ("dog/1.png", ""), ("dog/2.png", "")];
    assert_eq!(kind(&images), (classes(&["cat", "dog"]), 4));
    // An annotation for other programs.
    let annotated = [&images[..], &[("cat/1.json", r#"{"boxes": []}"#), ("cat/2.json", "{")]].concat();
    assert_eq!(kind(&annotated), (classes(&["cat", "dog"]), 4));
    let labels = [("cat/1.cls", "0"), ("cat/2.cls", "1"), ("dog/1.json", r#"{"label": 0}"#), ("dog/2.cls", "2")];
    assert_eq!(kind(&[&images[..], &labels].concat()), (classes(&["0", "1", "2"]), 4));
    // Unpacked images beside their tar are an image folder.
    let root = folder(&[
        ("a/1.png", b"a/1.png".to_vec()),
        ("a/2.png", b"a/2.png".to_vec()),
        ("b/1.png", b"b/1.png".to_vec()),
        ("all.tar", shard(&images)),
    ]);
    assert_eq!(open_whole(root.path()).unwrap().classes(), ["a", "b"]);
}

#[test]
fn a_fraction_is_set_aside_by_name_wherever_the_shards_lie() {
    let entries: Vec<(String, String)> = (0..100)
        .flat_map(|at| [(format!("{at:03}.png"), String::new()), (format!("{at:03}.cls"), (at % 2).to_string())])
        .collect();
    let entries: Vec<(&str, &str)> = entries.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let val = |root: &TempDir, seed| contents(&*open(root.path(), Validation::Fraction(0.1), seed).unwrap().val);
    let (one, other) = (folder(&[("s.tar", shard(&entries))]), folder(&[("s.tar", shard(&entries))]));
    let first = val(&one, 0);
    assert_eq!((first.len(), first.iter().filter(|item| item.0 == 1).count()), (10, 5));
    assert_eq!(first, val(&other, 0));
    assert_ne!(first, val(&one, 1));
}

#[test]
fn patterns_name_files_padded_as_their_first_number() {
    let expand = |pattern: &str| super::pattern::expand(pattern).unwrap();
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(expand("a-{008..010}.tar"), names(&["a-008.tar", "a-009.tar", "a-010.tar"]));
    assert_eq!(expand("{9..10}.tar"), names(&["9.tar", "10.tar"]));
    assert_eq!(expand("{0..1}/{0..1}.tar"), names(&["0/0.tar", "0/1.tar", "1/0.tar", "1/1.tar"]));
    assert_eq!(expand("{x}/{3..3}.tar"), names(&["{x}/3.tar"]));
    for none in ["a.tar", "{a..b}.tar", "{1..}.tar", "{1..2", "{}", "{12345678901234567890123..2}"] {
        assert_eq!(expand(none), None, "{none}");
    }
    let refused = |pattern: &str| super::pattern::expand(pattern).unwrap_err().to_string();
    assert_eq!(refused("{2..1}.tar"), "{2..1}.tar runs backwards, from 2 to 1: turn the range round");
    assert_eq!(refused("{0..100000}.tar"), "{0..100000}.tar names more than 100000 shards: narrow the range");
    assert!(refused("{0..999}{0..999}.tar").ends_with("names more than 100000 shards: narrow the ranges"));
}

#[test]
fn mistakes_are_named() {
    let good = || shard(&[("1.png", ""), ("1.cls", "0"), ("2.png", ""), ("2.cls", "1")]);
    assert_eq!(
        says(&[("s-0.tar", good())], "s-{0..2}.tar"),
        "DATA/s-{0..2}.tar names 3 shards, and 2 of them are not there: DATA/s-1.tar, DATA/s-2.tar"
    );
    assert_eq!(
        says(&[("train/s.tar", good()), ("val/x/1.png", vec![])], ""),
        "DATA/ has shards in train but none in val: add them, or remove val"
    );
    let compressed = "compressed shard, which cannot be read where it lies: type";
    assert_eq!(
        says(&[("s.tar", good()), ("t.tar.zst", vec![])], ""),
        format!("DATA/ holds DATA/t.tar.zst, a {compressed} zstd -d --rm DATA/t.tar.zst")
    );
    assert_eq!(
        says(&[("t.tar.gz", gzip(&good()))], "t.tar.gz"),
        format!("DATA/t.tar.gz is a {compressed} gunzip DATA/t.tar.gz")
    );
    let one = |entries: &[(&str, &str)]| says(&[("s.tar", shard(entries))], "");
    assert_eq!(
        one(&[("1.png", ""), ("1.cls", "0"), ("2.png", "")]),
        "DATA/s.tar holds no label for 2.png: add one in a .cls file of the same name, or put the images into one folder \
         per class"
    );
    assert_eq!(
        one(&[("1.png", ""), ("1.cls", "0"), ("dog/2.png", "")]),
        "DATA/s.tar holds dog/2.png, which has no label in .cls or .json, while others have one: label all or none"
    );
    assert_eq!(
        one(&[("1.png", ""), ("1.jpg", ""), ("1.cls", "0")]),
        "DATA/s.tar holds two images of the sample 1: give each a name of its own"
    );
    assert_eq!(
        one(&[("1.png", ""), ("1.cls", "99999999")]),
        "DATA/s.tar:1.png has the label 99999999, and 65535 is the largest: correct it"
    );
    assert!(
        one(&[("1.png", ""), ("1.json", "{")]).starts_with("DATA/s.tar:1.png has a .json beside it that is none (")
    );
    assert_eq!(
        one(&[("1.png", ""), ("1.cls", &"7".repeat(70_000))]),
        "DATA/s.tar:1.png has a label of 70000 bytes, and 65536 is the limit"
    );
    assert_eq!(
        one(&[("1.txt", "x"), ("1.cls", "0")]),
        "DATA/ holds no samples with an image (only 2 other files (1 .cls, 1 .txt)): put JPEG, PNG, WebP, GIF or BMP \
         files in"
    );
    assert_eq!(
        one(&[("1.png", ""), ("1.cls", "cat")]),
        "DATA/ has only one class, cat: a classifier needs at least two"
    );
    let named = |names: &str, label: &str| {
        let tar = shard(&[("1.png", ""), ("1.cls", label)]);
        says(&[("s.tar", tar), ("classes.txt", names.as_bytes().to_vec())], "")
    };
    assert_eq!(
        named("cat\ndog\n", "2"),
        "DATA/s.tar:1.png has the label 2, which DATA/classes.txt with its 2 classes does not know"
    );
    assert_eq!(
        named("cat\ndog\n", "cow"),
        "DATA/s.tar:1.png has the label cow, which DATA/classes.txt with its 2 classes does not know"
    );
    assert_eq!(named("cat\n\ndog\n", "cat"), "DATA/classes.txt has no name in line 2: name one class a line");
    assert_eq!(named("cat\ndog\ncat\n", "cat"), "DATA/classes.txt names cat more than once: name each class once");
    let cut = &good()[..600];
    assert!(
        says(&[("s.tar", cut.to_vec())], "").starts_with("DATA/s.tar "),
        "{}",
        says(&[("s.tar", cut.to_vec())], "")
    );
    let both = [("train/s.tar", good()), ("val/s.tar", shard(&[("9.png", ""), ("9.cls", "3")]))];
    assert_eq!(says(&both, ""), "DATA/ has the class 3 in val but not in train: add it");
    let without_val = [both[0].clone(), ("val/s.tar", shard(&[("9.txt", "")]))];
    let wanted = "DATA/ has no samples with an image in its shards of val: add some, or remove these shards";
    assert_eq!(says(&without_val, ""), wanted);
    let root = folder(&both);
    let error = open(root.path(), Validation::Fraction(0.5), 0).err().expect("an error").to_string();
    assert!(error.ends_with("has shards of its own for validation: leave out --val-fraction"), "{error}");
}

#[test]
fn a_sample_takes_little_memory() {
    assert_eq!((size_of::<Place>(), size_of::<Sample<Place>>()), (40, 48));
}

#[test]
fn an_order_shuffles_shards_and_samples_and_reads_nearly_in_sequence() {
    let sizes = vec![1000; 40];
    let first = order(&sizes, 3, 1);
    assert_eq!(first, order(&sizes, 3, 1));
    assert_ne!(first, order(&sizes, 3, 2));
    assert_ne!(first, order(&sizes, 4, 1));
    assert_eq!(first.iter().copied().collect::<BTreeSet<_>>(), (0..40_000).collect());
    // Checks which shards have begun when a sample is drawn: those that fit the buffer and those drawn before.
    let mut begun = BTreeSet::new();
    for (at, sample) in first.iter().enumerate() {
        begun.insert(sample / 1000);
        assert!(begun.len() <= (at + BUFFER).div_ceil(1000), "{} shards after {at} samples", begun.len());
    }
    // Neighbours in a shard are far apart.
    let mut position = vec![0; first.len()];
    first.iter().enumerate().for_each(|(at, sample)| position[*sample] = at);
    let apart = |sample: usize| position[sample].abs_diff(position[sample + 1]) as f64;
    let mean = (0..999).map(apart).sum::<f64>() / 999.0;
    assert!(mean > 1000.0, "{mean}");
    // Within the buffer's size the order is a full shuffle.
    let small = order(&[3, 0, 4], 0, 0);
    assert_eq!(small.iter().copied().collect::<BTreeSet<_>>(), (0..7).collect());
    assert!(order(&[], 0, 0).is_empty());
}

#[test]
fn more_shards_than_are_kept_open_are_read_from_any_thread() {
    let tars: Vec<(String, Vec<u8>)> = (0..100)
        .map(|at| {
            (
                format!("{at:03}.tar"),
                shard(&[(&format!("{at}.png"), ""), (&format!("{at}.cls"), &(at % 3).to_string())]),
            )
        })
        .collect();
    let root = folder(&tars.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect::<Vec<_>>());
    let whole = open_whole(root.path()).unwrap();
    let order = whole.order(1, 1);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for &sample in &order {
                    assert_eq!(whole.read(sample).unwrap(), format!("{sample}.png").into_bytes());
                    assert_eq!(whole.label(sample), sample % 3);
                }
            });
        }
    });
    let open_files = |folder: &Path| {
        let links =
            fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
        links.filter(|target: &PathBuf| target.starts_with(folder)).count()
    };
    if cfg!(target_os = "linux") {
        assert_eq!(open_files(&root.path().canonicalize().unwrap()), 64);
    }
}

#[test]
fn a_shard_that_shrinks_or_vanishes_later_is_a_bad_file() {
    let root = folder(&[("s.tar", shard(&[("1.png", ""), ("1.cls", "0"), ("2.png", ""), ("2.cls", "1")]))]);
    let source = open_whole(root.path()).unwrap();
    let path = root.path().join("s.tar");
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1000).unwrap();
    assert!(source.read(0).is_ok());
    let error = source.read(1).unwrap_err();
    assert!(error.is_bad_file());
    assert_eq!(error.file(), Some(format!("{}:2.png", path.display()).as_str()));
}
