//! Finds the folders that are the parts of a data set.

use std::collections::{BTreeMap, BTreeSet};

use super::super::files::Listing;
use super::super::part::Part;
use super::super::split::list_some;

/// The folders of a divided data set, as prefixes of paths that end with `/`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) train: String,
    pub(super) val: Val,
}

/// The folder to measure on, if there is one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Val {
    /// The validation part.
    Own(String),
    /// The test part, because there is no other and its classes are among those to train on.
    Test(String),
    /// A folder for validation without class folders in it.
    Unsorted(String),
    None,
}

/// A folder's contents, by kind.
#[derive(Default)]
struct Child<'a> {
    /// Whether images lie directly in it.
    direct: bool,
    /// Its folders that contain images.
    folders: BTreeSet<&'a str>,
}

impl Child<'_> {
    fn has_images(&self) -> bool {
        self.direct || !self.folders.is_empty()
    }
}

/// Folders by their names.
type Children<'a> = BTreeMap<&'a str, Child<'a>>;

/// The folders directly below a prefix.
fn children<'a>(listing: &'a Listing, prefix: &str) -> Children<'a> {
    let mut children: Children<'a> = listing.folders_in(prefix).map(|name| (name, Child::default())).collect();
    let mut last = None;
    for path in listing.images_in(prefix) {
        let Some((name, path)) = path.split_once('/') else { continue };
        let folder = path.split_once('/').map(|(folder, _)| folder);
        // Images come in the order of their paths, and most lie in the folder of the one before.
        if last.replace((name, folder)) == Some((name, folder)) {
            continue;
        }
        let child = children.entry(name).or_default();
        match folder {
            Some(folder) => drop(child.folders.insert(folder)),
            None => child.direct = true,
        }
    }
    children
}

/// The parts whose folders lie directly below `top`; none if those folders are classes.
///
/// A part's folder contains class folders. A folder with a part's name that contains only images is a class.
///
/// # Errors
/// The rest of a sentence that begins with the data set: what is wrong and what to do.
pub(super) fn find(listing: &Listing, top: &str) -> Result<Option<Parts>, String> {
    let children = children(listing, top);
    let parts = match named(listing, &children, top, "")? {
        Some(parts) => Some(parts),
        None => behind_a_name(listing, &children, top)?,
    };
    if parts.is_none() {
        refuse_unknown_parts(&children)?;
    }
    Ok(parts)
}

/// The parts whose names follow a data set's own, as in `seg_train` and `seg_test`. Such a name is as likely a class's;
/// only two that belong together count.
fn behind_a_name(listing: &Listing, children: &Children<'_>, top: &str) -> Result<Option<Parts>, String> {
    let sets: BTreeSet<String> = children.keys().filter_map(|name| Part::behind(name)).map(|(set, _)| set).collect();
    let mut found = None;
    for set in sets.iter().filter(|set| !set.is_empty()) {
        let parts = named(listing, children, top, set)?;
        if parts.as_ref().is_some_and(|parts| matches!(parts.val, Val::Own(_) | Val::Test(_))) {
            if found.is_some() {
                return Ok(None);
            }
            found = parts;
        }
    }
    Ok(found)
}

/// The parts whose names follow this data set's.
fn named(listing: &Listing, children: &Children<'_>, top: &str, set: &str) -> Result<Option<Parts>, String> {
    let called = |part: Part| {
        let wanted = Some((set.to_owned(), part));
        children.iter().filter(move |(name, _)| Part::behind(name) == wanted)
    };
    let sorted = |part: Part| {
        let names: Vec<&str> =
            called(part).filter(|(_, child)| !child.folders.is_empty()).map(|(name, _)| *name).collect();
        part.pick(&names)
    };
    let Some(train) = sorted(Part::Train)? else { return Ok(None) };
    let prefix = |name: &str| inner(listing, format!("{top}{name}/"), name);
    let classes = |prefix: &str| self::children(listing, prefix).into_keys().collect::<BTreeSet<_>>();
    let train_prefix = prefix(train);
    let val = if let Some(val) = sorted(Part::Val)? {
        Val::Own(prefix(val))
    } else if let Some(val) = called(Part::Val).map(|(name, _)| *name).next() {
        Val::Unsorted(format!("{top}{val}/"))
    } else {
        let test = sorted(Part::Test)?.map(prefix);
        let same = |test: &String| classes(test).is_subset(&classes(&train_prefix));
        test.filter(same).map_or(Val::None, Val::Test)
    };
    let alone = children.values().filter(|child| child.has_images()).count() == 1;
    let is_part = matches!(val, Val::Own(_) | Val::Test(_)) || !children[train].direct || alone;
    Ok(is_part.then_some(Parts { train: train_prefix, val }))
}

/// The prefix of a part's class folders: archives tend to wrap a part in a second folder of the same name.
fn inner(listing: &Listing, prefix: String, name: &str) -> String {
    let children = children(listing, &prefix);
    match children.keys().next() {
        Some(only) if children.len() == 1 && Part::behind(only) == Part::behind(name) && !children[only].direct => {
            format!("{prefix}{only}/")
        }
        _ => prefix,
    }
}

/// Refuses folders that all contain the same folders: the inner ones are the classes, and the outer ones are parts by
/// other names.
fn refuse_unknown_parts(children: &Children<'_>) -> Result<(), String> {
    let with_images: Vec<_> = children.iter().filter(|(_, child)| child.has_images()).collect();
    let [(one, first), (other, _), ..] = with_images.as_slice() else { return Ok(()) };
    let same = with_images.iter().all(|(_, child)| child.folders == first.folders);
    if !same || first.folders.len() < 2 || with_images.iter().all(|(_, child)| child.direct) {
        return Ok(());
    }
    let inner: Vec<&str> = first.folders.iter().copied().collect();
    Err(format!(
        "has folders that hold the same folders, {one} and {other} with {}: name them train and val if they are parts, or \
         put all images of a class directly into its folder",
        list_some(&inner)
    ))
}
