//! Class folders, as a whole or in parts.

mod parts;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::files::{Listing, Tree};
use super::part::Part;
use super::samples::{Sample, Samples, Store};
use super::split::{Least, Validation, list_some};
use super::undivided::{Divide, Undivided};
use super::{Ignored, Source, Split};
use crate::data::error::Error;
use parts::{Parts, Val};

/// Maps a class's name to its images' paths.
type Classes = BTreeMap<String, Vec<String>>;

impl Divide for Tree {
    fn split(self: Box<Self>, validation: Validation, seed: u64, least: Least) -> Result<Split, Error> {
        let top = top_folder(&self)?;
        let parts = find_parts(&self, &top)?;
        let part = parts.as_ref().map(|parts| (&parts.train, &parts.val));
        let refuse = |reason: String| Err(Error::layout(&self.origin, reason));
        let (train, val) = match (part, validation) {
            (Some((_, Val::Own(val) | Val::Unsorted(val))), Validation::Fraction(_))
                if !is_flat(&self.listing, val) =>
            {
                return refuse(format!("has a folder {} of its own: leave out --val-fraction", folder(val)));
            }
            (Some((train, Val::Own(val) | Val::Test(val) | Val::Unsorted(val))), Validation::Auto) => {
                (train, Some(val))
            }
            (Some((train, Val::None)), Validation::Auto) => {
                return refuse(format!(
                    "has a folder {} but none named val: add val, or say how much to set aside with --val-fraction",
                    folder(train)
                ));
            }
            (Some((train, _)), Validation::Fraction(_)) => (train, None),
            (None, _) => (&top, None),
        };
        let samples = labelled(&self, train, least)?;
        let prefixes: Vec<&str> = [Some(train), val].into_iter().flatten().map(String::as_str).collect();
        let mut ignored = outside(&self.listing, &top, &prefixes);
        ignored.merge(&self.listing.ignored);
        let Some(val) = val else {
            let undivided = Undivided { origin: self.origin, samples, division: None, ignored };
            return Box::new(undivided).split(validation, seed, least);
        };
        let val = samples.with(known(&self, train, val, &samples.classes)?);
        Ok(Split { train: Arc::new(samples), val: Arc::new(val), val_fraction: None, ignored })
    }

    /// The classes of all parts, and their images in the order of their paths.
    fn whole(self: Box<Self>) -> Result<Arc<dyn Source>, Error> {
        let top = top_folder(&self)?;
        let parts = find_parts(&self, &top)?;
        let mut all = labelled(&self, parts.as_ref().map_or(&top, |parts| &parts.train), Least::One)?;
        if let Some(Parts { train, val: Val::Own(val) | Val::Test(val) }) = &parts {
            all.samples.extend(known(&self, train, val, &all.classes)?);
            all.samples.sort();
        }
        Ok(Arc::new(all))
    }

    /// In whatever folders they lie, and in none.
    fn pictures(self: Box<Self>) -> Result<Arc<dyn Source>, Error> {
        refuse_empty(&self, "give a folder with JPEG, PNG, WebP, GIF or BMP files")?;
        let Self { listing, files, .. } = *self;
        let samples = listing.images.into_iter().map(|place| Sample { place, label: 0 }).collect();
        Ok(Arc::new(Samples { store: files, classes: ["pictures".to_owned()].into(), samples }))
    }
}

/// The classes whose folders lie directly below `prefix`, and their images.
fn labelled(tree: &Tree, prefix: &str, least: Least) -> Result<Samples<dyn Store<Place = String>>, Error> {
    let classes = classes_in(tree, prefix, least)?;
    let names: Arc<[String]> = classes.keys().cloned().collect();
    let samples = label(classes, &names);
    Ok(Samples { store: Arc::clone(&tree.files), classes: names, samples })
}

fn find_parts(tree: &Tree, top: &str) -> Result<Option<Parts>, Error> {
    parts::find(&tree.listing, top).map_err(|reason| Error::layout(&place(tree, top), reason))
}

/// The last name of a prefix.
fn folder(prefix: &str) -> &str {
    prefix.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// Whether a folder contains images directly, and its folders contain none.
fn is_flat(listing: &Listing, prefix: &str) -> bool {
    let mut images = listing.images_in(prefix).peekable();
    images.peek().is_some() && images.all(|path| !path.contains('/'))
}

/// The images of the validation part. All its classes must be among `names`, those to train on.
fn known(tree: &Tree, train: &str, val: &str, names: &[String]) -> Result<Vec<Sample<String>>, Error> {
    if is_flat(&tree.listing, val) {
        let reason = "has images in no class folder: put them into one folder per class, as those to train on are";
        return Err(Error::layout(&place(tree, val), reason));
    }
    let classes = classes_in(tree, val, Least::One)?;
    if let Some(stranger) = classes.keys().find(|class| names.binary_search(class).is_err()) {
        let [train, val] = [train, val].map(folder);
        let reason = format!("has the class {stranger} in {val} but not in {train}: add it");
        return Err(Error::layout(&tree.origin, reason));
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

/// Refuses a tree without images, and says what is wanted.
fn refuse_empty(tree: &Tree, wanted: &str) -> Result<(), Error> {
    let listing = &tree.listing;
    if !listing.images.is_empty() {
        return Ok(());
    }
    let inner = if tree.is_archive { listing.ignored.kinds.get(".tar").copied() } else { None };
    let reason = match inner {
        Some(tars) => format!("holds {tars} tars and no image files: unpack it, and give the folder of its tars"),
        None => format!("holds no image files{}: {wanted}", listing.ignored.hint()),
    };
    Err(Error::layout(&tree.origin, reason))
}

/// The folder that contains all others in an archive, as a path that ends with `/`, or nothing: archives tend to wrap a
/// data set in a folder. A lone folder with images in it, or with a single folder, counts as a class instead.
///
/// # Errors
/// If there are no images at all.
fn top_folder(tree: &Tree) -> Result<String, Error> {
    refuse_empty(tree, WANTED)?;
    let listing = &tree.listing;
    let first = listing.images.iter().find_map(|path| path.split_once('/')).map(|(first, _)| first);
    let Some(first) = first.filter(|_| tree.is_archive) else { return Ok(String::new()) };
    let prefix = format!("{first}/");
    let alone = listing.folders.iter().all(|path| path == first || path.starts_with(&prefix));
    let direct = listing.images_in(&prefix).any(|path| !path.contains('/'));
    let wraps = alone && listing.folders_in(&prefix).count() > 1 && Part::named(first) != Some(Part::Train);
    let wraps = wraps && (!direct || matches!(parts::find(listing, &prefix), Ok(Some(_))));
    Ok(if wraps { prefix } else { String::new() })
}

/// The folder or tar, or its part that a prefix names, for messages.
fn place(tree: &Tree, prefix: &str) -> String {
    let origin = &tree.origin;
    let (between, prefix) = (if tree.is_archive { ':' } else { '/' }, prefix.trim_end_matches('/'));
    if prefix.is_empty() { origin.clone() } else { format!("{origin}{between}{prefix}") }
}

/// The classes whose folders lie directly below `prefix`; none of them is empty.
fn classes_in(tree: &Tree, prefix: &str, least: Least) -> Result<Classes, Error> {
    let (place, listing) = (place(tree, prefix), &tree.listing);
    let mut classes: Classes = BTreeMap::new();
    for class in listing.folders_in(prefix) {
        classes.entry(class.to_owned()).or_default();
    }
    for path in &listing.images {
        if let Some((class, _)) = path.strip_prefix(prefix).and_then(|path| path.split_once('/')) {
            classes.entry(class.to_owned()).or_default().push(path.clone());
        }
    }
    let empty: Vec<&str> = classes.iter().filter(|(_, paths)| paths.is_empty()).map(|(class, _)| &**class).collect();
    let refuse = |reason: String| Err(Error::layout(&place, reason));
    match (classes.len(), empty.as_slice()) {
        (0, _) => refuse(format!("has no class folders: {WANTED}")),
        (_, [one]) => refuse(format!("has a class folder without images, {one}: fill it or remove it")),
        (_, [_, ..]) => {
            let (count, some) = (empty.len(), list_some(&empty));
            refuse(format!("has {count} class folders without images, {some}: fill them or remove them"))
        }
        (1, _) if least == Least::Two => {
            let class = classes.keys().next().map_or("", String::as_str);
            let reason = format!("has only one class, {class}: a classifier needs at least two");
            let hint = format!("; if {class} holds the class folders, give that folder");
            refuse(if tree.is_archive { reason } else { reason + &hint })
        }
        _ => Ok(classes),
    }
}

/// Numbers the classes, and orders the images by path.
fn label(classes: Classes, names: &[String]) -> Vec<Sample<String>> {
    let mut samples = Vec::new();
    for (class, paths) in classes {
        // Every class of a part is among the names: the caller took the names from it, or checked.
        let label = names.binary_search(&class).unwrap_or_default() as u32;
        samples.extend(paths.into_iter().map(|place| Sample { place, label }));
    }
    samples.sort();
    samples
}
