use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::super::tests::{gzip, tar_of};
use super::super::{Split, Validation, open, open_whole};
use crate::data::decode;

const TEN: &str = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";

/// A record: label bytes, and planes in which each pixel differs from its neighbours and from other records.
fn record(labels: &[u8], number: usize) -> Vec<u8> {
    let planes = (0..super::PICTURE).map(|at| (at / 1024 * 80 + at % 32 + at / 32 % 32 + number) as u8);
    labels.iter().copied().chain(planes).collect()
}

/// The files of CIFAR-10 with two records each, those of the test set with labels 3 and 9.
fn ten() -> Vec<(String, Vec<u8>)> {
    let mut files = vec![("batches.meta.txt".to_owned(), TEN.as_bytes().to_vec())];
    for batch in 1..=5 {
        let records = [record(&[batch], 2 * usize::from(batch)), record(&[9 - batch], 2 * usize::from(batch) + 1)];
        files.push((format!("data_batch_{batch}.bin"), records.concat()));
    }
    files.push(("test_batch.bin".to_owned(), [record(&[3], 0), record(&[9], 1)].concat()));
    files
}

/// The files of CIFAR-100, coarse labels first.
fn hundred() -> Vec<(String, Vec<u8>)> {
    let names: String = (0..100).map(|class| format!("thing {class}\n")).collect();
    vec![
        ("fine_label_names.txt".to_owned(), names.into_bytes()),
        ("train.bin".to_owned(), [record(&[1, 99], 0), record(&[19, 0], 1), record(&[7, 42], 2)].concat()),
        ("test.bin".to_owned(), record(&[3, 42], 3)),
    ]
}

fn write(files: &[(String, Vec<u8>)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(root.path().join(name), bytes).unwrap();
    }
    root
}

fn labels(split: &Split) -> (Vec<usize>, Vec<usize>) {
    let of = |source: &dyn crate::data::Source| (0..source.len()).map(|sample| source.label(sample)).collect();
    (of(&*split.train), of(&*split.val))
}

/// Opens the data set and compares everything with the records.
fn check_ten(path: &Path, file: &str) {
    let split = open(path, Validation::Auto, 0).unwrap();
    assert_eq!(split.train.classes()[..3], ["airplane", "automobile", "bird"]);
    assert_eq!((split.train.classes().len(), split.val_fraction), (10, None));
    assert_eq!(labels(&split), (vec![1, 8, 2, 7, 3, 6, 4, 5, 5, 4], vec![3, 9]));
    let image = split.train.image(3).unwrap();
    assert_eq!(image.dimensions(), (32, 32));
    for (x, y) in [(0, 0), (31, 0), (0, 31), (17, 5)] {
        let red = (x + y + 5) as u8;
        assert_eq!(image.get_pixel(x, y).0, [red, red.wrapping_add(80), red.wrapping_add(160)], "{x}, {y}");
    }
    assert_eq!(split.train.name(3), format!("{file}data_batch_2.bin, record 1"));
    // Reading gives an encoded file, without loss.
    assert!(decode(&split.train.read(3).unwrap(), "sample").unwrap() == image);
    let whole = open_whole(path).unwrap();
    assert_eq!((whole.len(), whole.label(11)), (12, 9));
    assert!(whole.image(11).unwrap() == split.val.image(1).unwrap());
}

#[test]
fn cifar_10_is_read_from_its_folder_and_from_the_archive_as_distributed() {
    let root = write(&ten());
    check_ten(root.path(), &format!("{}/", root.path().display()));
    let files: Vec<(String, Vec<u8>)> =
        ten().into_iter().map(|(name, bytes)| (format!("cifar-10-batches-bin/{name}"), bytes)).collect();
    let tar = tar_of(&files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>());
    for (name, bytes) in [("cifar-10-binary.tar.gz", gzip(&tar)), ("cifar-10-binary.tar", tar)] {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(name);
        fs::write(&path, bytes).unwrap();
        check_ten(&path, &format!("{}:cifar-10-batches-bin/", path.display()));
    }
}

#[test]
fn cifar_100_has_fine_labels() {
    let split = open(write(&hundred()).path(), Validation::Auto, 0).unwrap();
    assert_eq!((split.train.classes().len(), split.train.classes()[42].as_str()), (100, "thing 42"));
    assert_eq!(labels(&split), (vec![99, 0, 42], vec![42]));
    assert_eq!(split.train.image(2).unwrap().get_pixel(4, 3).0, [9, 89, 169]);
}

/// The error message for these files, without their folder's path.
fn says(files: &[(String, Vec<u8>)], validation: Validation) -> String {
    let root = write(files);
    let message = open(root.path(), validation, 0).err().expect("an error").to_string();
    message.replace(&root.path().display().to_string(), "DATA")
}

#[test]
fn damage_is_named_by_file_and_record() {
    let auto = Validation::Auto;
    let mut files = ten();
    files[2].1.truncate(3073 + 40);
    assert_eq!(says(&files, auto), "DATA/data_batch_2.bin ends within record 1: it was cut off, unpack it again");
    let mut files = ten();
    files[6].1[3073] = 10;
    assert_eq!(
        says(&files, auto),
        "DATA/test_batch.bin has the label 10 in record 1, and there are 10 classes (airplane, automobile, bird, cat, \
         deer and 5 more): unpack it again"
    );
    let mut files = hundred();
    files[1].1[2 * 3074 + 1] = 100;
    assert!(
        says(&files, auto).starts_with("DATA/train.bin has the label 100 in record 2, and there are 100 classes (")
    );
    let mut files = ten();
    files[3].1.clear();
    assert_eq!(says(&files, auto), "DATA/data_batch_3.bin is empty: unpack it again");
    let mut files = ten();
    files.remove(4);
    assert_eq!(says(&files, auto), "DATA lacks data_batch_4.bin, which belongs to this data set: unpack it again");
    assert_eq!(says(&ten()[1..], auto), "DATA lacks batches.meta.txt, which belongs to this data set: unpack it again");
    assert_eq!(says(&ten(), Validation::Fraction(0.1)), "DATA has a test set of its own: leave out --val-fraction");
}

#[test]
fn the_python_version_is_named() {
    let wanted = "is CIFAR in its Python version: download the binary version, and give that";
    let batches = ["data_batch_1", "test_batch", "batches.meta", "readme.html"];
    for (folder, names) in [("cifar-10-batches-py", &batches[..]), ("cifar-100-python", &["meta", "test", "train"])] {
        let files: Vec<(String, Vec<u8>)> = names.iter().map(|name| ((*name).to_owned(), vec![0])).collect();
        assert_eq!(says(&files, Validation::Auto), format!("DATA {wanted} folder"));
        let names: Vec<String> = names.iter().map(|name| format!("{folder}/{name}")).collect();
        let tar = tar_of(&names.iter().map(|name| (name.as_str(), &b"pickle"[..])).collect::<Vec<_>>());
        for bytes in [gzip(&tar), tar] {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("cifar-python.tar.gz");
            fs::write(&path, bytes).unwrap();
            let message = open(&path, Validation::Auto, 0).err().expect("an error").to_string();
            assert_eq!(message, format!("{} {wanted} file", path.display()));
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_name() {
    let mut files = ten();
    files[0].1.splice(..0, *b"\xef\xbb\xbf");
    assert_eq!(open(write(&files).path(), Validation::Auto, 0).unwrap().train.classes()[0], "airplane");
    files[0].1 = b"caf\xe9\n".to_vec();
    assert_eq!(says(&files, Validation::Auto), "DATA/batches.meta.txt is not UTF-8: save it as UTF-8");
}

#[test]
fn a_file_that_shrinks_later_is_named_with_the_record() {
    let root = write(&ten());
    let split = open(root.path(), Validation::Auto, 0).unwrap();
    let path = root.path().join("data_batch_5.bin");
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(4000).unwrap();
    assert!(split.train.image(8).is_ok());
    let error = split.train.image(9).unwrap_err();
    assert!(error.is_bad_file());
    let wanted = format!("cannot read {}, record 1: the file that holds it has become shorter", path.display());
    assert_eq!(error.to_string(), wanted);
}
