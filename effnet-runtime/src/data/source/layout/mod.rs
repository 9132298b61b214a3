use std::collections::BTreeMap;

use super::files::Tree;
use super::split::{Validation, list_some, rank, set_aside};
use crate::data::error::Error;

/// An image file with its label. Ordered by path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    pub(super) path: String,
    pub(super) label: usize,
}

/// Files as a data set.
#[derive(Debug)]
pub(super) struct Arrangement {
    pub(super) classes: Vec<String>,
    pub(super) train: Vec<Item>,
    pub(super) val: Vec<Item>,
    pub(super) val_fraction: Option<f64>,
}

/// A class's name to its image paths.
type Classes = BTreeMap<String, Vec<String>>;

/// Finds classes and split in a listing.
pub(super) fn arrange(files: &dyn Tree, validation: Validation, seed: u64) -> Result<Arrangement, Error> {
    let origin = files.origin();
    if files.listing().images.is_empty() {
        return Err(Error::layout(origin, format!("holds no image files{}: {WANTED}", beside(files))));
    }
    let top = top_folder(files);
    let within = |folder: &str| format!("{top}{folder}/");
    // A folder with images of its own is a class, even one named train.
    let has = |part: &str| {
        let listing = files.listing();
        let mut images = listing.images.iter().filter_map(|path| path.strip_prefix(&within(part)));
        listing.folders.contains(&format!("{top}{part}")) && images.all(|path| path.contains('/'))
    };
    match (has("train"), has("val"), validation) {
        (true, true, Validation::Fraction(_)) => {
            Err(Error::layout(origin, "has a folder val of its own: leave out --val-fraction"))
        }
        (true, true, Validation::Auto) => {
            let train = at_least_two(files, &within("train"))?;
            let val = classes_in(files, &within("val"))?;
            if let Some(stranger) = val.keys().find(|class| !train.contains_key(*class)) {
                return Err(Error::layout(origin, format!("has the class {stranger} in val but not in train: add it")));
            }
            let names: Vec<String> = train.keys().cloned().collect();
            let (train, val) = (label(train, &names), label(val, &names));
            Ok(Arrangement { classes: names, train, val, val_fraction: None })
        }
        (true, false, Validation::Auto) => Err(Error::layout(
            origin,
            "has a folder train but none named val: add val, or say how much to set aside with --val-fraction",
        )),
        (with_train, _, validation) => {
            let fraction = validation.fraction()?;
            let classes = at_least_two(files, &if with_train { within("train") } else { top.clone() })?;
            let names: Vec<String> = classes.keys().cloned().collect();
            let (train, val) = divide(label(classes, &names), fraction, seed);
            if val.is_empty() {
                let reason = "has one image a class: a validation set needs at least two in some class";
                return Err(Error::layout(origin, reason));
            }
            Ok(Arrangement { classes: names, train, val, val_fraction: Some(fraction) })
        }
    }
}

const WANTED: &str = "put JPEG, PNG, WebP, GIF or BMP files into one folder per class, named after the class";

/// What else lies there, as a hint at the reason why images are missing.
fn beside(files: &dyn Tree) -> String {
    let ignored = &files.listing().ignored;
    if ignored.files == 0 { String::new() } else { format!(" (only {ignored})") }
}

/// The folder that holds everything in an archive, with a `/` at its end, or nothing: archives tend to wrap a data set
/// in one. A lone folder with images in it, or with a single folder, is taken for a class instead.
fn top_folder(files: &dyn Tree) -> String {
    let listing = files.listing();
    if !files.is_archive() {
        return String::new();
    }
    let Some((first, _)) = listing.images[0].split_once('/') else { return String::new() };
    let prefix = format!("{first}/");
    let alone = listing.images.iter().all(|path| path.starts_with(&prefix))
        && listing.folders.iter().all(|path| path == first || path.starts_with(&prefix));
    let direct = listing.images.iter().filter_map(|path| path.strip_prefix(&prefix)).any(|path| !path.contains('/'));
    let folders = listing.folders.iter().filter_map(|path| path.strip_prefix(&prefix));
    let folders = folders.filter(|path| !path.contains('/')).count();
    if alone && !direct && folders > 1 && first != "train" { prefix } else { String::new() }
}

/// The folder or tar, or the part of it that a prefix names, for messages.
fn place(files: &dyn Tree, prefix: &str) -> String {
    let origin = files.origin();
    let (between, prefix) = (if files.is_archive() { ':' } else { '/' }, prefix.trim_end_matches('/'));
    if prefix.is_empty() { origin.to_owned() } else { format!("{origin}{between}{prefix}") }
}

/// [`classes_in`], for what is trained on.
fn at_least_two(files: &dyn Tree, prefix: &str) -> Result<Classes, Error> {
    let classes = classes_in(files, prefix)?;
    let mut names = classes.keys();
    let (Some(class), None) = (names.next(), names.next()) else { return Ok(classes) };
    let reason = format!("has only one class, {class}: a classifier needs at least two");
    let hint = format!("; if {class} holds the class folders, give that folder");
    Err(Error::layout(&place(files, prefix), if files.is_archive() { reason } else { reason + &hint }))
}

/// The classes whose folders lie directly below `prefix`; none is empty.
fn classes_in(files: &dyn Tree, prefix: &str) -> Result<Classes, Error> {
    let (place, listing) = (place(files, prefix), files.listing());
    let mut classes: Classes = BTreeMap::new();
    for path in listing.folders.iter().filter_map(|path| path.strip_prefix(prefix)) {
        if !path.contains('/') {
            classes.entry(path.to_owned()).or_default();
        }
    }
    for path in &listing.images {
        if let Some((class, _)) = path.strip_prefix(prefix).and_then(|path| path.split_once('/')) {
            classes.entry(class.to_owned()).or_default().push(path.clone());
        }
    }
    let empty: Vec<&str> = classes.iter().filter(|(_, paths)| paths.is_empty()).map(|(class, _)| &**class).collect();
    match (classes.len(), empty.as_slice()) {
        (0, _) => Err(Error::layout(&place, format!("has no class folders: {WANTED}"))),
        (_, [one]) => {
            Err(Error::layout(&place, format!("has a class folder without images, {one}: fill it or remove it")))
        }
        (_, [_, ..]) => {
            let (count, some) = (empty.len(), list_some(&empty));
            let reason = format!("has {count} class folders without images, {some}: fill them or remove them");
            Err(Error::layout(&place, reason))
        }
        _ => Ok(classes),
    }
}

/// Sets `fraction` of each class aside.
pub(super) fn divide(items: Vec<Item>, fraction: f64, seed: u64) -> (Vec<Item>, Vec<Item>) {
    let aside = set_aside(items.iter().map(|item| item.label), |at| rank(seed, &items[at].path), fraction);
    part(items, &aside)
}

/// Parts items in those that are for training and those that are not.
pub(super) fn part(items: Vec<Item>, for_val: &[bool]) -> (Vec<Item>, Vec<Item>) {
    let (mut train, mut val) = (Vec::new(), Vec::new());
    for (item, for_val) in items.into_iter().zip(for_val) {
        if *for_val { val.push(item) } else { train.push(item) }
    }
    (train, val)
}

/// Numbers the classes, and orders the images by path.
fn label(classes: Classes, names: &[String]) -> Vec<Item> {
    let mut items = Vec::new();
    for (class, paths) in classes {
        // Every class of a part is among the names: the caller took the names from it, or checked.
        let label = names.binary_search(&class).unwrap_or_default();
        items.extend(paths.into_iter().map(|path| Item { path, label }));
    }
    items.sort();
    items
}
