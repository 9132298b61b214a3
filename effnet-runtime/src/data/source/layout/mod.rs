//! Class folders, as a whole or in parts.

mod parts;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::Ignored;
use super::files::{Listing, Tree};
use super::part::Part;
use super::split::{Least, Validation, list_some, rank, set_aside};
use crate::data::error::Error;
use parts::{Parts, Val};

/// An image file with its label. Items are ordered by path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    pub(super) path: String,
    pub(super) label: usize,
}

/// Files arranged as a data set.
#[derive(Debug)]
pub(super) struct Arrangement {
    pub(super) classes: Vec<String>,
    pub(super) train: Vec<Item>,
    pub(super) val: Vec<Item>,
    pub(super) val_fraction: Option<f64>,
    /// Images that belong to none of the parts.
    pub(super) ignored: Ignored,
}

/// Maps a class's name to its images' paths.
type Classes = BTreeMap<String, Vec<String>>;

/// Finds classes and split in a listing.
pub(super) fn arrange(files: &dyn Tree, validation: Validation, seed: u64, least: Least) -> Result<Arrangement, Error> {
    let (origin, top) = (files.origin(), top_folder(files)?);
    let parts = find_parts(files, &top)?;
    let part = parts.as_ref().map(|parts| (&parts.train, &parts.val));
    let (train, val) = match (part, validation) {
        (Some((_, Val::Own(val) | Val::Unsorted(val))), Validation::Fraction(_)) if !is_flat(files.listing(), val) => {
            let val = folder(val);
            return Err(Error::layout(origin, format!("has a folder {val} of its own: leave out --val-fraction")));
        }
        (Some((train, Val::Own(val) | Val::Test(val) | Val::Unsorted(val))), Validation::Auto) => (train, Some(val)),
        (Some((train, Val::None)), Validation::Auto) => {
            let reason = format!(
                "has a folder {} but none named val: add val, or say how much to set aside with --val-fraction",
                folder(train)
            );
            return Err(Error::layout(origin, reason));
        }
        (Some((train, _)), Validation::Fraction(_)) => (train, None),
        (None, _) => (&top, None),
    };
    let (names, items) = labelled(files, train, least)?;
    let prefixes: Vec<&str> = [Some(train), val].into_iter().flatten().map(String::as_str).collect();
    let ignored = outside(files.listing(), &top, &prefixes);
    if let Some(val) = val {
        let val = known(files, train, val, &names)?;
        return Ok(Arrangement { classes: names, train: items, val, val_fraction: None, ignored });
    }
    let fraction = validation.fraction()?;
    let (train, val) = divide(items, fraction, seed);
    if val.is_empty() {
        let reason = "has one image a class: a validation set needs at least two in some class";
        return Err(Error::layout(origin, reason));
    }
    Ok(Arrangement { classes: names, train, val, val_fraction: Some(fraction), ignored })
}

/// The classes of all parts, and their images in the order of their paths.
pub(super) fn whole(files: &dyn Tree) -> Result<(Vec<String>, Vec<Item>), Error> {
    let top = top_folder(files)?;
    let Some(Parts { train, val }) = find_parts(files, &top)? else { return labelled(files, &top, Least::One) };
    let (names, mut items) = labelled(files, &train, Least::One)?;
    if let Val::Own(val) | Val::Test(val) = val {
        items.extend(known(files, &train, &val, &names)?);
        items.sort();
    }
    Ok((names, items))
}

/// The classes whose folders lie directly below `prefix`, and their images.
fn labelled(files: &dyn Tree, prefix: &str, least: Least) -> Result<(Vec<String>, Vec<Item>), Error> {
    let classes = classes_in(files, prefix, least)?;
    let names: Vec<String> = classes.keys().cloned().collect();
    let items = label(classes, &names);
    Ok((names, items))
}

fn find_parts(files: &dyn Tree, top: &str) -> Result<Option<Parts>, Error> {
    parts::find(files.listing(), top).map_err(|reason| Error::layout(&place(files, top), reason))
}

/// The last name of a prefix.
fn folder(prefix: &str) -> &str {
    prefix.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// Whether a folder contains images directly, and its folders contain none.
fn is_flat(listing: &Listing, prefix: &str) -> bool {
    let mut images = listing.images.iter().filter_map(|path| path.strip_prefix(prefix)).peekable();
    images.peek().is_some() && images.all(|path| !path.contains('/'))
}

/// The images of the validation part. All its classes must be among `names`, those to train on.
fn known(files: &dyn Tree, train: &str, val: &str, names: &[String]) -> Result<Vec<Item>, Error> {
    if is_flat(files.listing(), val) {
        let reason = "has images in no class folder: put them into one folder per class, as those to train on are";
        return Err(Error::layout(&place(files, val), reason));
    }
    let classes = classes_in(files, val, Least::One)?;
    if let Some(stranger) = classes.keys().find(|class| names.binary_search(class).is_err()) {
        let [train, val] = [train, val].map(folder);
        let reason = format!("has the class {stranger} in {val} but not in {train}: add it");
        return Err(Error::layout(files.origin(), reason));
    }
    Ok(label(classes, names))
}

/// The images outside class folders below each of the prefixes.
fn outside(listing: &Listing, top: &str, prefixes: &[&str]) -> Ignored {
    let mut ignored = Ignored::default();
    for path in &listing.images {
        let within = prefixes.iter().find_map(|prefix| path.strip_prefix(prefix));
        if within.is_some_and(|path| path.contains('/')) {
            continue;
        }
        match path.strip_prefix(top).and_then(|path| path.split_once('/')) {
            Some((folder, _)) if within.is_none() => ignored.add(&format!("in {folder}")),
            _ => ignored.add("outside class folders"),
        }
    }
    ignored
}

const WANTED: &str = "put JPEG, PNG, WebP, GIF or BMP files into one folder per class, named after the class";

/// The folder that contains all others in an archive, as a path that ends with `/`, or nothing: archives tend to wrap a
/// data set in a folder. A lone folder with images in it, or with a single folder, counts as a class instead.
///
/// # Errors
/// If there are no images at all.
fn top_folder(files: &dyn Tree) -> Result<String, Error> {
    let listing = files.listing();
    if listing.images.is_empty() {
        let inner = if files.is_archive() { listing.ignored.kinds.get(".tar").copied() } else { None };
        let reason = match inner {
            Some(tars) => format!("holds {tars} tars and no image files: unpack it, and give the folder of its tars"),
            None => format!("holds no image files{}: {WANTED}", listing.ignored.hint()),
        };
        return Err(Error::layout(files.origin(), reason));
    }
    let first = listing.images.iter().find_map(|path| path.split_once('/')).map(|(first, _)| first);
    let Some(first) = first.filter(|_| files.is_archive()) else { return Ok(String::new()) };
    let prefix = format!("{first}/");
    let alone = listing.folders.iter().all(|path| path == first || path.starts_with(&prefix));
    let direct = listing.images.iter().filter_map(|path| path.strip_prefix(&prefix)).any(|path| !path.contains('/'));
    let folders = listing.folders.iter().filter_map(|path| path.strip_prefix(&prefix));
    let folders = folders.filter(|path| !path.contains('/')).count();
    let wraps = alone && folders > 1 && Part::named(first) != Some(Part::Train);
    let wraps = wraps && (!direct || matches!(parts::find(listing, &prefix), Ok(Some(_))));
    Ok(if wraps { prefix } else { String::new() })
}

/// The folder or tar, or its part that a prefix names, for messages.
fn place(files: &dyn Tree, prefix: &str) -> String {
    let origin = files.origin();
    let (between, prefix) = (if files.is_archive() { ':' } else { '/' }, prefix.trim_end_matches('/'));
    if prefix.is_empty() { origin.to_owned() } else { format!("{origin}{between}{prefix}") }
}

/// The classes whose folders lie directly below `prefix`; none of them is empty.
fn classes_in(files: &dyn Tree, prefix: &str, least: Least) -> Result<Classes, Error> {
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
        (1, _) if least == Least::Two => {
            let class = classes.keys().next().map_or("", String::as_str);
            let reason = format!("has only one class, {class}: a classifier needs at least two");
            let hint = format!("; if {class} holds the class folders, give that folder");
            Err(Error::layout(&place, if files.is_archive() { reason } else { reason + &hint }))
        }
        _ => Ok(classes),
    }
}

/// Sets `fraction` of each class aside.
pub(super) fn divide(items: Vec<Item>, fraction: f64, seed: u64) -> (Vec<Item>, Vec<Item>) {
    let aside = set_aside(items.iter().map(|item| item.label), |at| rank(seed, &items[at].path), fraction);
    part(items, &aside)
}

/// Separates items into those to train on and those to validate on.
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
