use std::collections::HashMap;

use serde_json::Value;

use super::super::Ignored;
use super::super::archive::{Archive, Entry};
use super::super::bytes::Place;
use super::super::files::{is_hidden, is_image};
use crate::data::error::Error;

/// The longest label entry that is read, in bytes: metadata beside an image can be long, a label is not.
const MAX_LABEL: u64 = 64 << 10;

/// A sample with an image.
pub(super) struct Found {
    /// The image's path.
    pub(super) path: String,
    pub(super) place: Place,
    pub(super) label: Label,
}

/// What a sample says its class is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// An entry's text: a number or a name.
    Entry(String),
    /// The name of the folder that it lies in.
    Folder(String),
    None,
}

/// The entries of a key.
struct Group<'a> {
    key: &'a str,
    /// The image's number among the entries.
    image: Option<usize>,
    /// Whether there is a second image.
    ambiguous: bool,
    cls: Option<Place>,
    json: Option<Place>,
}

/// What an entry is to its sample.
enum Role {
    Image,
    Cls,
    Json,
    Other,
}

/// Whether a tar is a shard rather than one of class folders: it has an image with a label beside it. A `.json` without
/// one is an annotation for others.
pub(in super::super) fn is_shard(archive: &Archive) -> bool {
    let groups = groups(&archive.entries, &mut Ignored::default());
    let labelled = |group: &Group<'_>| group.cls.is_some() || matches!(label(archive, group), Ok(Some(_)));
    groups.iter().any(|group| group.image.is_some() && labelled(group))
}

/// The samples of a shard in the order of their images, which is the order to read them in.
pub(super) fn samples(archive: Archive, ignored: &mut Ignored) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for group in groups(&archive.entries, ignored) {
        let Some(image) = group.image else {
            let alone = [group.cls.map(|_| ".cls"), group.json.map(|_| ".json")];
            alone.into_iter().flatten().for_each(|kind| ignored.add(kind));
            continue;
        };
        if group.ambiguous {
            let reason = format!("holds two images of the sample {}: give each a name of its own", group.key);
            return Err(Error::layout(&archive.origin, reason));
        }
        let label = match label(&archive, &group)? {
            Some(text) => Label::Entry(text),
            None => match group.key.rsplit('/').nth(1) {
                Some(folder) => Label::Folder(folder.to_owned()),
                None => Label::None,
            },
        };
        let Entry { path, place: Some(place) } = &archive.entries[image] else { continue };
        found.push(Found { path: path.clone(), place: *place, label });
    }
    found.sort_by_key(|sample| sample.place.offset);
    Ok(found)
}

/// The entries by their keys, in the order of the first of each. Those of a key need not lie side by side: tar packs a
/// folder in any order.
fn groups<'a>(entries: &'a [Entry], ignored: &mut Ignored) -> Vec<Group<'a>> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let Some(place) = entry.place else { continue };
        let (key, extension) = key(&entry.path);
        let role = match extension.to_ascii_lowercase().as_str() {
            _ if is_hidden(&entry.path) => Role::Other,
            "cls" => Role::Cls,
            "json" => Role::Json,
            // The whole of it: of `1.left.jpg` and `1.right.jpg`, neither is the image of sample 1.
            extension if !extension.contains('.') && is_image(&entry.path) => Role::Image,
            _ => Role::Other,
        };
        let at = *numbers.entry(key).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Group { key, image: None, ambiguous: false, cls: None, json: None });
        }
        let group = &mut groups[at];
        match role {
            Role::Image if group.image.is_some() => group.ambiguous = true,
            Role::Image => group.image = Some(number),
            Role::Cls => group.cls = Some(place),
            Role::Json => group.json = Some(place),
            Role::Other if is_hidden(&entry.path) => ignored.add("hidden"),
            Role::Other if extension.is_empty() => ignored.add("no extension"),
            Role::Other => ignored.add(&format!(".{}", extension.to_ascii_lowercase())),
        }
    }
    groups
}

/// An entry's key, and its extension: what follows the first dot of its last name.
fn key(path: &str) -> (&str, &str) {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[name..].find('.') {
        Some(dot) => (&path[..name + dot], &path[name + dot + 1..]),
        None => (path, ""),
    }
}

/// The text of a sample's label entry, if it has one.
fn label(archive: &Archive, group: &Group<'_>) -> Result<Option<String>, Error> {
    if let Some(place) = group.cls {
        let text = text(archive, group, place)?;
        return Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()));
    }
    let Some(place) = group.json else { return Ok(None) };
    let text = text(archive, group, place)?;
    let json: Value = serde_json::from_str(&text).map_err(|error| {
        Error::layout(&name(archive, group), format!("has a .json beside it that is none ({error}): correct it"))
    })?;
    let value = ["label", "cls", "class"].iter().find_map(|key| json.get(key));
    Ok(value.and_then(|value| match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }))
}

fn text(archive: &Archive, group: &Group<'_>, place: Place) -> Result<String, Error> {
    let fail = |reason: String| Error::layout(&name(archive, group), reason);
    if place.length > MAX_LABEL {
        return Err(fail(format!("has a label of {} bytes, and {MAX_LABEL} is the limit", place.length)));
    }
    let bytes = archive.bytes.read(place);
    let bytes = bytes.map_err(|error| fail(format!("has a label that cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|_| fail("has a label that is not UTF-8: save it as UTF-8".to_owned()))
}

/// The name of a sample for people: its image's.
fn name(archive: &Archive, group: &Group<'_>) -> String {
    let path = group.image.map_or("", |image| archive.entries[image].path.as_str());
    format!("{}:{path}", archive.origin)
}
