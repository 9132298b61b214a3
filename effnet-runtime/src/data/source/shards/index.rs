use std::collections::{BTreeSet, HashMap};

use super::super::Ignored;
use super::super::archive::{Archive, Entry};
use super::super::bytes::Stored;
use super::super::extension::is_image;
use super::super::litter::litter;
use super::json;
use crate::data::error::Error;
use crate::text::{text, without_mark};

/// The longest `.cls` to read, in bytes: a label is short.
const MAX_CLS: u64 = 64 << 10;

/// The longest `.json` to read, in bytes: an image's metadata may be long.
const MAX_JSON: u64 = 8 << 20;

/// A sample with an image.
pub(super) struct Found {
    /// The image's path.
    pub(super) path: String,
    pub(super) stored: Stored,
    pub(super) label: Label,
}

/// A sample's own account of its class.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// An entry's text: a number or a name.
    Entry(String),
    /// The name of the folder that contains it.
    Folder(String),
    None,
}

/// The entries that share a key.
struct Group<'a> {
    key: &'a str,
    /// The image's path, and where it lies.
    image: Option<(&'a str, &'a Stored)>,
    /// Whether there is a second image.
    ambiguous: bool,
    cls: Option<&'a Stored>,
    json: Option<&'a Stored>,
}

/// Whether a tar is a shard rather than a tar of class folders: it has an image with a label beside it. Where there are
/// class folders, a `.json` without a label is an annotation for other programs. Where there are none, the tar is a
/// shard too, which may lack its labels.
pub(in super::super) fn is_shard(archive: &Archive) -> bool {
    let groups = groups(&archive.entries, &mut Ignored::default());
    let labelled = |group: &Group<'_>| group.cls.is_some() || matches!(label(archive, group), Ok(Some(_)));
    if groups.iter().any(|group| group.image.is_some() && labelled(group)) {
        return true;
    }
    let files = archive.entries.iter().filter(|entry| entry.stored.is_some()).map(|entry| &entry.path);
    let images = files.filter(|path| is_image(path) && litter(path).is_none());
    let folders: BTreeSet<Option<&str>> = images.map(|path| parent(path)).collect();
    let beside = groups.iter().any(|group| group.cls.is_some() || group.json.is_some());
    // Nobody unpacks a tar of images alone to find that it lacks labels.
    folders.len() == 1 && (beside || folders.contains(&None) && !archive.is_packed())
}

/// The folder that contains a path, if there is one.
fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(folder, _)| folder)
}

/// The samples of a shard in the order of their images, which is the order to read them in.
pub(super) fn samples(archive: &Archive, ignored: &mut Ignored) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for group in groups(&archive.entries, ignored) {
        let Some((path, stored)) = group.image else {
            let alone = [group.cls.map(|_| ".cls"), group.json.map(|_| ".json")];
            alone.into_iter().flatten().for_each(|kind| ignored.add(kind));
            continue;
        };
        if group.ambiguous {
            let reason = format!("holds two images of the sample {}: give each a name of its own", group.key);
            return Err(Error::layout(&archive.origin, reason));
        }
        let label = match label(archive, &group)? {
            Some(text) => Label::Entry(text),
            None => match parent(group.key) {
                Some(folder) => Label::Folder(folder.rsplit('/').next().unwrap_or(folder).to_owned()),
                None => Label::None,
            },
        };
        found.push(Found { path: path.to_owned(), stored: stored.clone(), label });
    }
    found.sort_by_key(|sample| sample.stored.offset());
    Ok(found)
}

/// An image that does not count because its name has a dot before the extension's, as a rule to name and what to do.
pub(super) fn dotted(archive: &Archive) -> Option<String> {
    archive.entries.iter().find_map(|Entry { path, .. }| {
        let (key, extension) = key(path);
        let (rest, last) = extension.rsplit_once('.').filter(|_| is_image(path) && litter(path).is_none())?;
        let good = rest.replace('.', "_");
        Some(format!(
            "a key ends at the first dot of a name, which makes {path} the .{extension} of a sample {key}: rename it \
             and its like, as to {key}_{good}.{last}"
        ))
    })
}

/// The entries grouped by key, in the order of each key's first entry. A key's entries need not lie side by side: tar
/// packs a folder in any order.
fn groups<'a>(entries: &'a [Entry], ignored: &mut Ignored) -> Vec<Group<'a>> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for entry in entries {
        let Some(stored) = &entry.stored else { continue };
        let (key, extension) = key(&entry.path);
        let at = *numbers.entry(key).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Group { key, image: None, ambiguous: false, cls: None, json: None });
        }
        let group = &mut groups[at];
        match (litter(&entry.path), extension.to_ascii_lowercase().as_str()) {
            (Some(kind), _) => ignored.add(kind),
            (None, "cls") => group.cls = Some(stored),
            (None, "json") => group.json = Some(stored),
            // Compares the whole extension: neither `1.left.jpg` nor `1.right.jpg` is the image of sample 1.
            (None, image) if !image.contains('.') && is_image(&entry.path) => {
                group.ambiguous = group.image.is_some();
                group.image = group.image.or(Some((&entry.path, stored)));
            }
            _ => ignored.add_extension(extension),
        }
    }
    groups
}

/// An entry's key and its extension, which follows the first dot of its last name.
fn key(path: &str) -> (&str, &str) {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[name..].find('.') {
        Some(dot) => (&path[..name + dot], &path[name + dot + 1..]),
        None => (path, ""),
    }
}

/// The text of a sample's label entry, if there is one.
fn label(archive: &Archive, group: &Group<'_>) -> Result<Option<String>, Error> {
    let image = group.image.map_or("", |(path, _)| path);
    let fail = |reason: String| Error::layout(&format!("{}:{image}", archive.origin), reason);
    let read = |stored: &Stored, what: &str, most: u64| {
        if stored.length() > most {
            return Err(fail(format!("has a {what} of {} bytes, and {most} is the limit", stored.length())));
        }
        archive.bytes.read(stored).map_err(|error| fail(format!("has a {what} that cannot be read: {error}")))
    };
    if let Some(stored) = group.cls {
        let bytes = read(stored, "label", MAX_CLS)?;
        let text = text(&bytes).map_err(|reason| fail(format!("has a label that {reason}")))?.trim();
        return Ok(Some(text.to_owned()).filter(|text| !text.is_empty()));
    }
    let Some(stored) = group.json else { return Ok(None) };
    let bytes = read(stored, ".json", MAX_JSON)?;
    let text = without_mark(&bytes).map_err(|reason| fail(format!("has a .json that {reason}")))?;
    json::label(&mut text.to_vec())
        .map_err(|error| fail(format!("has a .json beside it that is none ({error}): correct it")))
}
