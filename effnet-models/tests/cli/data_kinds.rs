//! Every kind of data set, checked and trained on.

use std::fs;
use std::path::Path;

use effnet_runtime::data;
use serde_json::{Value, json};

use crate::support::{effnet, fail, folder, succeed, succeed_json, write_digits};

/// Classes and images a class of the data sets here.
const CLASSES: usize = 2;
const IMAGES: usize = 10;

/// A list of digits that a folder `digits` holds.
fn write_list(root: &Path) {
    write_digits(&root.join("digits"), CLASSES, IMAGES);
    let mut list = "path,label,split\n".to_owned();
    for class in 0..CLASSES {
        for image in 0..IMAGES {
            let split = if image < 8 { "train" } else { "val" };
            list += &format!("digits/{class}/{image}.png,digit {class},{split}\n");
        }
    }
    fs::write(root.join("list.csv"), list).expect("written");
}

/// Digits in two shards, labels in `.cls`, names in `classes.txt`.
fn write_shards(root: &Path) {
    write_digits(&root.join("digits"), CLASSES, IMAGES);
    fs::create_dir_all(root.join("shards")).expect("created");
    for shard in 0..2 {
        let file = fs::File::create(root.join(format!("shards/s-{shard}.tar"))).expect("created");
        let mut tar = tar::Builder::new(file);
        let mut add = |name: String, bytes: &[u8]| {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, bytes).expect("appended");
        };
        for image in (shard * 5)..(shard * 5 + 5) {
            for class in 0..CLASSES {
                let bytes = fs::read(root.join(format!("digits/{class}/{image}.png"))).expect("read");
                add(format!("{class}-{image}.cls"), class.to_string().as_bytes());
                add(format!("{class}-{image}.png"), &bytes);
            }
        }
        tar.finish().expect("written");
    }
    fs::write(root.join("shards/classes.txt"), "nought\none\n").expect("written");
}

/// CIFAR-10's files with a few records each.
fn write_cifar(root: &Path) {
    let record = |label: u8| std::iter::once(label).chain((0..3072).map(move |at| (at % 251) as u8 ^ (label * 25)));
    let batch: Vec<u8> = [0, 1, 2, 3].into_iter().flat_map(record).collect();
    fs::create_dir_all(root.join("cifar")).expect("created");
    for name in ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"] {
        fs::write(root.join(format!("cifar/{name}.bin")), &batch).expect("written");
    }
    let names: String = (0..10).map(|class| format!("thing {class}\n")).collect();
    fs::write(root.join("cifar/batches.meta.txt"), names).expect("written");
}

fn check(root: &Path, data: &str) -> Value {
    succeed_json(effnet(root).args(["check", data, "--json"]))
}

fn train(root: &Path, data: &str) -> String {
    let mut command = effnet(root);
    command.args(["train", "--table", "tiny.table", "--epochs", "1", "--batch", "4", "--size", "32", "--data", data]);
    succeed(command.args(["--output", "run"]))
}

#[test]
fn a_csv_list() {
    let folder = folder();
    write_list(folder.path());
    let report = check(folder.path(), "list.csv");
    assert_eq!((&report["train"], &report["val"], &report["own_val"]), (&16.into(), &4.into(), &true.into()));
    assert_eq!(report["classes"][1], json!({"name": "digit 1", "train": 8, "val": 2}));
    let out = train(folder.path(), "list.csv");
    assert!(out.contains("2 classes") && out.contains("16 training and 4 validation images"), "{out}");

    fs::write(folder.path().join("digits/1/3.png"), "words").expect("written");
    fail(effnet(folder.path()).args(["check", "list.csv"]), &["1 file of list.csv cannot be used", "digits/1/3.png"]);
    fs::remove_file(folder.path().join("digits/1/3.png")).expect("removed");
    let gone = "list.csv lists a file that is not there, digits/1/3.png (line 15)";
    fail(effnet(folder.path()).args(["check", "list.csv"]), &[gone]);
    fs::write(folder.path().join("list.csv"), "image,class\n").expect("written");
    fail(effnet(folder.path()).args(["check", "list.csv"]), &["has no column path", "image, class"]);
}

#[test]
fn tar_shards() {
    let folder = folder();
    write_shards(folder.path());
    for data in ["shards", "shards/s-{0..1}.tar"] {
        let report = check(folder.path(), data);
        assert_eq!((&report["train"], &report["val"], &report["own_val"]), (&16.into(), &4.into(), &false.into()));
        assert_eq!(report["classes"][0], json!({"name": "nought", "train": 8, "val": 2}));
    }
    let out = train(folder.path(), "shards");
    assert!(out.contains("2 classes") && out.contains("16 training and 4 validation images"), "{out}");
    assert!(folder.path().join("run/samples/one.png").is_file(), "an image to predict on");

    // One picture of the first shard is damaged where it lies.
    let shard = folder.path().join("shards/s-0.tar");
    let mut bytes = fs::read(&shard).expect("read");
    let magic = bytes.windows(4).position(|bytes| bytes == b"\x89PNG").expect("a picture");
    bytes[magic] = 0;
    fs::write(&shard, bytes).expect("written");
    fail(effnet(folder.path()).args(["check", "shards"]), &["1 file of shards cannot be used", "s-0.tar:0-0.png"]);
    fs::write(folder.path().join("shards/t.tar.gz"), "").expect("written");
    fail(effnet(folder.path()).args(["check", "shards"]), &["a compressed shard", "type gunzip shards/t.tar.gz"]);
}

#[test]
fn cifar() {
    let folder = folder();
    write_cifar(folder.path());
    let report = check(folder.path(), "cifar");
    assert_eq!((&report["train"], &report["val"], &report["own_val"]), (&20.into(), &4.into(), &true.into()));
    assert_eq!(report["classes"][3], json!({"name": "thing 3", "train": 5, "val": 1}));
    let out = train(folder.path(), "cifar");
    assert!(out.contains("10 classes") && out.contains("20 training and 4 validation images"), "{out}");
    assert!(folder.path().join("run/samples/thing 1.png").is_file(), "an image to predict on");

    let batch = folder.path().join("cifar/data_batch_4.bin");
    let mut bytes = fs::read(&batch).expect("read");
    bytes[3073] = 11;
    fs::write(&batch, &bytes).expect("written");
    let label = "cifar/data_batch_4.bin has the label 11 in record 1, and there are 10 classes";
    fail(effnet(folder.path()).args(["check", "cifar"]), &[label]);
    fs::write(&batch, &bytes[..5000]).expect("written");
    fail(effnet(folder.path()).args(["check", "cifar"]), &["cifar/data_batch_4.bin ends within record 1"]);
}

#[test]
fn a_tar_of_class_folders() {
    let folder = folder();
    write_digits(&folder.path().join("digits"), CLASSES, IMAGES);
    let file = fs::File::create(folder.path().join("digits.tar")).expect("created");
    let mut tar = tar::Builder::new(file);
    tar.append_dir_all("digits", folder.path().join("digits")).expect("appended");
    tar.finish().expect("written");
    let report = check(folder.path(), "digits.tar");
    assert_eq!((&report["train"], &report["val"]), (&16.into(), &4.into()));
    assert_eq!(data::open_whole(&folder.path().join("digits.tar")).expect("opened").len(), CLASSES * IMAGES);
}

/// Parts by Kaggle's names, with what people and systems leave beside them.
#[test]
fn parts_with_strangers_beside_them() {
    let folder = folder();
    write_digits(&folder.path().join("data/Training"), CLASSES, 8);
    write_digits(&folder.path().join("data/Testing"), CLASSES, 2);
    write_digits(&folder.path().join("data/@eaDir"), 1, 1);
    write_digits(&folder.path().join("data/pred/unknown"), 1, 3);
    fs::copy(folder.path().join("data/Testing/0/0.png"), folder.path().join("data/Training/preview.png"))
        .expect("copied");
    fs::write(folder.path().join("data/README"), "digits").expect("written");
    let report = check(folder.path(), "data");
    assert_eq!((&report["train"], &report["val"], &report["own_val"]), (&16.into(), &4.into(), &true.into()));
    assert_eq!(report["classes"][1], json!({"name": "1", "train": 8, "val": 2}));
    let kinds = json!({"in pred": 3, "no extension": 1, "outside class folders": 1, "system": 1});
    assert_eq!((&report["ignored"], &report["ignored_kinds"]), (&6.into(), &kinds));
    let text = succeed(effnet(folder.path()).args(["check", "data"]));
    let wanted = "left out: 6 other files (3 in pred, 1 no extension, 1 outside class folders, 1 system)\n";
    assert!(text.contains(wanted), "{text}");
    let out = train(folder.path(), "data");
    assert!(
        out.contains("2 classes") && out.contains("16 training and 4 validation images; left out: 6 other files ("),
        "{out}"
    );
}

#[test]
fn a_tar_of_class_folders_with_links() {
    let folder = folder();
    write_digits(&folder.path().join("digits"), CLASSES, IMAGES);
    let mut tar = tar::Builder::new(fs::File::create(folder.path().join("digits.tar")).expect("created"));
    tar.append_dir_all("digits", folder.path().join("digits")).expect("appended");
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    for (kind, path, target) in [
        (tar::EntryType::Link, "digits/1/hard.png", "digits/1/0.png"),
        (tar::EntryType::Symlink, "digits/1/soft.png", "hard.png"),
        (tar::EntryType::Symlink, "digits/1/gone.png", "nowhere.png"),
        (tar::EntryType::Fifo, "digits/1/pipe", "none"),
    ] {
        header.set_entry_type(kind);
        tar.append_link(&mut header, path, target).expect("appended");
    }
    tar.finish().expect("written");
    let report = check(folder.path(), "digits.tar");
    assert_eq!(report["train"].as_u64().zip(report["val"].as_u64()).map(|(train, val)| train + val), Some(22));
    assert_eq!(report["ignored_kinds"], json!({"linked to nothing": 1, "pipe or device": 1}));
}
