use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

/// A folder with these files, each holding its own path; a path that ends in `/` is a folder.
pub(super) fn folder(paths: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for path in paths {
        let full = root.path().join(path);
        if path.ends_with('/') {
            fs::create_dir_all(full).unwrap();
        } else {
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, path).unwrap();
        }
    }
    root
}

/// A tar with these files, each holding its own path.
pub(super) fn tar_bytes(paths: &[&str]) -> Vec<u8> {
    tar_of(&paths.iter().map(|path| (*path, path.as_bytes())).collect::<Vec<_>>())
}

/// A tar with these files and contents.
pub(super) fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = ::tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    std::io::copy(&mut flate2::read::GzEncoder::new(bytes, flate2::Compression::fast()), &mut out).unwrap();
    out
}

fn tar_file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("data.tar");
    fs::write(&path, bytes).unwrap();
    (root, path)
}

/// A source's samples, each with its label and its file's contents, which are its path.
pub(super) fn contents(source: &dyn Source) -> Vec<(usize, String)> {
    (0..source.len()).map(|i| (source.label(i), String::from_utf8(source.read(i).unwrap()).unwrap())).collect()
}

/// The error message for a folder, without the folder's own path.
fn says(paths: &[&str], validation: Validation) -> String {
    let root = folder(paths);
    let message = open(root.path(), validation, 0).err().expect("an error").to_string();
    message.replace(&root.path().display().to_string(), "DATA")
}

const DIVIDED: [&str; 6] =
    ["train/b/1.png", "train/b/deep/er/0.JPG", "train/a/2.jpeg", "train/B/1.webp", "val/a/3.gif", "val/b/4.bmp"];

fn assert_divided(split: &Split) {
    assert_eq!(split.train.classes(), ["B", "a", "b"], "byte order");
    assert_eq!(split.train.classes(), split.val.classes());
    let path = |label, path: &str| (label, path.to_owned());
    let train = [(0, "train/B/1.webp"), (1, "train/a/2.jpeg"), (2, "train/b/1.png"), (2, "train/b/deep/er/0.JPG")];
    assert_eq!(contents(&*split.train), train.map(|(label, name)| path(label, name)));
    assert_eq!(contents(&*split.val), [path(1, "val/a/3.gif"), path(2, "val/b/4.bmp")]);
    assert_eq!(split.val_fraction, None);
}

#[test]
fn a_divided_folder_and_a_tar_of_it_are_the_same_data_set() {
    let root = folder(&DIVIDED);
    let split = open(root.path(), Validation::Auto, 0).unwrap();
    assert_divided(&split);
    assert_eq!(split.val.name(0), root.path().join("val/a/3.gif").display().to_string());

    let wrapped: Vec<String> = DIVIDED.iter().map(|path| format!("./{path}")).collect();
    let plain = tar_bytes(&wrapped.iter().map(String::as_str).collect::<Vec<_>>());
    for bytes in [plain.clone(), gzip(&plain)] {
        let (_root, path) = tar_file(&bytes);
        let split = open(&path, Validation::Auto, 0).unwrap();
        let strip = |source: &dyn Source| contents(source).into_iter().map(|(l, p)| (l, p[2..].to_owned())).collect();
        let (train, val): (Vec<_>, Vec<_>) = (strip(&*split.train), strip(&*split.val));
        let expected = open(root.path(), Validation::Auto, 0).unwrap();
        assert_eq!((train, val), (contents(&*expected.train), contents(&*expected.val)));
        assert_eq!(split.val.name(0), format!("{}:val/a/3.gif", path.display()));
    }
}

#[test]
fn a_tar_may_wrap_the_data_set_in_a_folder() {
    let (_root, path) = tar_file(&tar_bytes(&["set/train/a/1.png", "set/train/b/1.png", "set/val/a/1.png"]));
    let split = open(&path, Validation::Auto, 0).unwrap();
    assert_eq!((split.train.len(), split.val.len()), (2, 1));
    let (_root, path) = tar_file(&tar_bytes(&["set/a/1.png", "set/a/2.png", "set/b/1.png", "set/b/2.png"]));
    assert_eq!(open(&path, Validation::Auto, 0).unwrap().train.classes(), ["a", "b"]);
}

#[test]
fn a_class_may_be_named_train() {
    let root = folder(&["bus/1.png", "bus/2.png", "train/1.png", "train/2.png"]);
    assert_eq!(open(root.path(), Validation::Auto, 0).unwrap().train.classes(), ["bus", "train"]);
}

#[test]
fn hidden_files_and_other_extensions_are_left_out_and_counted() {
    let root = folder(&["a/1.png", "a/2.png", "b/1.png", "b/2.png", "a/.x.png", ".git/3.png", "a/read.TXT", "LICENSE"]);
    let split = open(root.path(), Validation::Auto, 0).unwrap();
    assert_eq!(split.train.classes(), ["a", "b"]);
    assert_eq!(split.train.len() + split.val.len(), 4);
    assert_eq!(split.ignored.to_string(), "4 other files (1 .txt, 2 hidden, 1 no extension)");
}

/// Tries each in a folder and in a tar of it.
#[test]
fn what_systems_leave_is_left_out_and_counted() {
    let litter = [
        "lost+found/#1.png",
        "a/lost+found/2.png",
        "System Volume Information/IndexerVolumeGuid",
        "system volume information/x.png",
        "$RECYCLE.BIN/S-1-5/1.png",
        "$Recycle.Bin/2.png",
        "RECYCLER/3.png",
        "@eaDir/a/0.png/SYNOPHOTO_THUMB_M.jpg",
        "a/@eaDir/1.jpg",
        "a/@EADIR/2.jpg",
        "#recycle/a/1.png",
        "@Recycle/1.png",
        "#snapshot/1.png",
        "__MACOSX/a/1.png",
        "a/Thumbs.db",
        "a/thumbs.db",
        "a/desktop.ini",
        "a/Desktop.ini",
        "a/ehthumbs.db",
        "Network Trash Folder/1.png",
        "Temporary Items/1.png",
        "a/Icon\r",
    ];
    let hidden =
        ["a/._1.png", ".Trashes/1.png", ".Spotlight-V100/1.png", "a/.AppleDouble/1.png", "a/.thumbnails/1.png"];
    let images = ["a/1.png", "a/2.png", "b/1.png", "b/2.png", "recycler/1.png", "Lost+Found/1.png"];
    let files = [&litter[..], &hidden, &images].concat();
    let (root, (_other, tar)) = (folder(&files), tar_file(&tar_bytes(&files)));
    for path in [root.path(), &tar] {
        let split = open(path, Validation::Auto, 0).unwrap();
        assert_eq!(split.train.classes(), ["Lost+Found", "a", "b", "recycler"], "these two are written otherwise");
        assert_eq!(split.train.len() + split.val.len(), images.len());
        let wanted = format!("{} other files ({} hidden, {} system)", 27, hidden.len(), litter.len());
        assert_eq!(split.ignored.to_string(), wanted);
    }
    // Nor are they classes where they are empty.
    let empty = ["lost+found/", "System Volume Information/", "$RECYCLE.BIN/", "@eaDir/", ".Trashes/"];
    let root = folder(&[&empty[..], &images[..4]].concat());
    assert_eq!(open(root.path(), Validation::Auto, 0).unwrap().train.classes(), ["a", "b"]);
}

#[cfg(unix)]
#[test]
fn links_to_nothing_and_pipes_are_no_end_of_the_listing() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let root = folder(&["a/1.png", "a/2.png", "b/1.png", "b/2.png"]);
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, root.path().join(at)).unwrap();
    link("user@host:1", "a/.#1.png");
    link("nowhere", "a/notes.txt");
    link("nowhere", "gone");
    fs::create_dir(root.path().join(".trash")).unwrap();
    fs::write(root.path().join(OsStr::from_bytes(b".trash/caf\xe9.png")), "").unwrap();
    let _listening = std::os::unix::net::UnixListener::bind(root.path().join("a/socket")).unwrap();
    let split = open(root.path(), Validation::Auto, 0).unwrap();
    assert_eq!(split.train.len() + split.val.len(), 4);
    let wanted = "5 other files (1 .txt, 2 hidden, 1 no extension, 1 pipe or device)";
    assert_eq!(split.ignored.to_string(), wanted);
}

#[test]
fn pictures_outside_class_folders_are_counted() {
    let root = folder(&["a/1.png", "a/2.png", "b/1.png", "b/2.png", "stray.png", "other.jpg", "notes.txt"]);
    let split = open(root.path(), Validation::Auto, 0).unwrap();
    assert_eq!(split.train.classes(), ["a", "b"]);
    assert_eq!(split.ignored.to_string(), "3 other files (1 .txt, 2 outside class folders)");
}

#[test]
fn a_message_names_a_handful_of_kinds() {
    let names: Vec<String> =
        (0..3000).map(|at| format!("a/x.{at}")).chain((0..3).map(|at| format!("a/{at}.txt"))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["a/y.a very long end of a sentence"]).collect();
    let message = says(&names, Validation::Auto);
    let wanted =
        "DATA holds no image files (only 3004 other files (1 .0, 1 .1, 1 .10, 1 .100, 3 .txt and 2997 more kinds)): ";
    assert!(message.starts_with(wanted), "{message}");
}

fn class_of(count: usize) -> Vec<String> {
    let file = |class: &'static str| (0..count).map(move |i| format!("{class}/{i:03}.png"));
    file("cat").chain(file("dog")).collect()
}

fn val_names(paths: &[String], fraction: f64, seed: u64) -> Vec<(usize, String)> {
    let root = folder(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    let split = open(root.path(), Validation::Fraction(fraction), seed).unwrap();
    let (train, val) = (contents(&*split.train), contents(&*split.val));
    assert!(train.iter().all(|item| !val.contains(item)));
    assert_eq!(train.len() + val.len(), paths.len());
    assert_eq!(split.val_fraction, Some(fraction));
    val
}

#[test]
fn a_fraction_is_drawn_from_each_class_by_seed() {
    let paths = class_of(40);
    let val = val_names(&paths, 0.25, 0);
    for label in [0, 1] {
        assert_eq!(val.iter().filter(|item| item.0 == label).count(), 10);
    }
    assert_eq!(val, val_names(&paths, 0.25, 0));
    assert_ne!(val, val_names(&paths, 0.25, 1));
    assert_eq!(val_names(&class_of(2), 0.01, 0).len(), 2, "at least one of each class");
    assert_eq!(val_names(&class_of(2), 0.99, 0).len(), 2, "never all");
}

#[test]
fn new_files_hardly_move_others_between_the_parts() {
    let (few, many) = (val_names(&class_of(40), 0.25, 0), val_names(&class_of(44), 0.25, 0));
    let kept = few.iter().filter(|item| many.contains(item)).count();
    assert!(kept >= few.len() - 3, "{kept} of {}", few.len());
}

#[test]
fn a_whole_data_set_is_one_source() {
    let root = folder(&DIVIDED);
    let whole = open_whole(root.path()).unwrap();
    assert_eq!(whole.len(), 6);
    assert_eq!(contents(&*whole)[4], (1, "val/a/3.gif".to_owned()));
}

#[test]
fn the_digits_are_all_there() {
    let split = digits().unwrap();
    assert_eq!(split.train.classes(), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_eq!((split.train.len(), split.val.len()), (1437, 360));
    for label in 0..10 {
        assert_eq!((0..360).filter(|index| split.val.label(*index) == label).count(), 36);
    }
    let image = split.train.image(0).unwrap();
    assert_eq!(image.dimensions(), (8, 8));
    assert_eq!(split.train.name(0), "digits.tar.gz:train/0/0000.png");
    // Sample 0 of scikit-learn's load_digits: its third row is 0 3 15 2 0 11 8 0 of 16.
    let row: Vec<u8> = (0..8).map(|x| image.get_pixel(x, 2)[0]).collect();
    assert_eq!(row, [0, 48, 239, 32, 0, 175, 128, 0]);
    let archive = fs::metadata(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/digits.tar.gz")).unwrap();
    assert!(archive.len() <= 300 << 10);
}

#[test]
fn what_is_no_data_set_is_named() {
    let auto = Validation::Auto;
    let error = open(Path::new("/nowhere/at/all"), auto, 0).err().expect("an error").to_string();
    assert_eq!(
        error,
        "there is no data set at /nowhere/at/all: give a folder, a tar, a CSV list or a pattern of shards that exists"
    );
    let wanted = "put JPEG, PNG, WebP, GIF or BMP files into one folder per class, named after the class";
    assert_eq!(says(&[], auto), format!("DATA holds no image files: {wanted}"));
    assert_eq!(says(&["a/"], auto), format!("DATA holds no image files: {wanted}"));
    assert_eq!(
        says(&["a/x.tif", "a/y.tif"], auto),
        format!("DATA holds no image files (only 2 other files (2 .tif)): {wanted}")
    );
    assert_eq!(says(&["1.png"], auto), format!("DATA has no class folders: {wanted}"));
    assert_eq!(says(&["a/1.png", "b/"], auto), "DATA has a class folder without images, b: fill it or remove it");
    assert_eq!(
        says(&["train/a/1.png", "train/b/1.png", "train/c/", "train/d/x.txt", "val/a/1.png"], auto),
        "DATA/train has 2 class folders without images, c, d: fill them or remove them"
    );
    assert_eq!(
        says(&["set/a/1.png", "set/b/2.png"], auto),
        "DATA has only one class, set: a classifier needs at least two; if set holds the class folders, give that folder"
    );
    assert_eq!(
        says(&["train/a/1.png", "train/b/1.png", "val/c/1.png"], auto),
        "DATA has the class c in val but not in train: add it"
    );
    assert_eq!(
        says(&["train/a/1.png", "train/b/1.png"], auto),
        "DATA has a folder train but none named val: add val, or say how much to set aside with --val-fraction"
    );
    assert_eq!(says(&DIVIDED, Validation::Fraction(0.1)), "DATA has a folder val of its own: leave out --val-fraction");
    assert_eq!(
        says(&["a/1.png", "b/1.png"], auto),
        "DATA has one image a class: a validation set needs at least two in some class"
    );
    assert_eq!(says(&["a/1.png", "b/1.png"], Validation::Fraction(1.0)), "--val-fraction 1 is not between 0 and 1");
    assert_eq!(
        says(&["a/1.png", "b/1.png"], Validation::Fraction(f64::NAN)),
        "--val-fraction NaN is not between 0 and 1"
    );
}

#[cfg(unix)]
#[test]
fn a_folder_or_a_broken_link_named_like_an_image_is_an_image_that_cannot_be_read() {
    let root = folder(&["train/a/1.png", "train/b/1.png", "train/b/x.png/", "train/b/y.png/2.png", "val/a/1.png"]);
    std::os::unix::fs::symlink("nowhere", root.path().join("train/a/link.png")).unwrap();
    std::os::unix::fs::symlink("loop.png", root.path().join("train/a/loop.png")).unwrap();
    let split = open(root.path(), Validation::Auto, 0).unwrap();
    assert_eq!(split.train.len(), 6);
    let reasons: Vec<String> =
        (0..6).filter_map(|sample| split.train.read(sample).err()).map(|error| error.to_string()).collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert!(reasons[0].contains("train/a/link.png: No such file"), "{reasons:?}");
    assert!(reasons[1].contains("train/a/loop.png: Too many levels"), "{reasons:?}");
    assert!(reasons[2].ends_with("train/b/x.png: it is a folder"), "{reasons:?}");
}

#[test]
fn a_file_that_vanishes_is_named() {
    let root = folder(&DIVIDED);
    let split = open(root.path(), Validation::Auto, 0).unwrap();
    let gone = root.path().join("val/a/3.gif");
    fs::remove_file(&gone).unwrap();
    let error = split.val.read(0).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot read {}: ", gone.display())), "{error}");
    assert!(error.is_bad_file());
}

#[test]
fn what_is_no_tar_is_named() {
    let says = |bytes: &[u8]| {
        let (_root, path) = tar_file(bytes);
        let message = open(&path, Validation::Auto, 0).err().expect("an error").to_string();
        message.replace(&path.display().to_string(), "TAR")
    };
    assert!(says(&[7; 2000]).starts_with("TAR is not a folder and not a readable tar: "));
    assert!(says(b"short").starts_with("TAR is not a folder and not a readable tar: "));
    assert!(says(b"").starts_with("TAR holds no image files"));
    assert!(says(b"\x1f\x8b rest").starts_with("cannot read TAR: "));
    let unpack = "and nothing but tar and gzip is read here: type zstd -d TAR, and give what that leaves";
    assert_eq!(says(b"\x28\xb5\x2f\xfd rest"), format!("TAR is compressed with zstd, {unpack}"));
    assert!(says(b"PK\x03\x04 rest").contains("type unzip TAR"));
    let inner = tar_bytes(&["n01440764.tar", "n01443537.tar", "README"]);
    assert_eq!(says(&inner), "TAR holds 2 tars and no image files: unpack it, and give the folder of its tars");
    let tar = tar_bytes(&DIVIDED);
    assert_eq!(says(&tar[..5 * 1024 + 513]), "TAR ends within val/b/4.bmp: it was cut off, copy it again");
    let packed = gzip(&tar);
    assert!(says(&packed[..packed.len() / 2]).starts_with("cannot read TAR: "));
}

#[test]
fn damaged_tars_never_panic() {
    let tar = tar_bytes(&DIVIDED);
    let shard = tar_of(&[("1.png", b"1.png"), ("1.cls", b"1"), ("2.json", b"{\"label\": 3}"), ("2.png", b"2")]);
    let packed = gzip(&tar);
    let (_root, path) = tar_file(&tar);
    for bytes in [tar, packed, shard] {
        for at in (0..bytes.len()).step_by(bytes.len() / 300 + 1) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x15;
            for bytes in [&damaged, &bytes[..at]] {
                fs::write(&path, bytes).unwrap();
                if let Ok(split) = open(&path, Validation::Auto, 0) {
                    (0..split.train.len()).for_each(|i| drop(split.train.read(i)));
                }
            }
        }
    }
}
