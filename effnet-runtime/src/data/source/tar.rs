use std::collections::HashMap;
use std::sync::Arc;

use super::archive::Archive;
use super::bytes::{Bytes, Stored};
use super::files::{Listing, Tree};
use super::samples::Store;
use crate::data::error::Error;

/// The images in a tar of class folders, read where they lie.
struct Tar {
    origin: String,
    bytes: Bytes,
    stored: HashMap<String, Stored>,
}

/// Lists the images of a tar. A later entry replaces an earlier one of the same name, as in unpacking.
pub(super) fn tree(archive: Archive) -> Tree {
    let Archive { origin, bytes, entries, ignored, .. } = archive;
    let mut listing = Listing { ignored, ..Listing::default() };
    let mut kept = HashMap::new();
    for entry in entries {
        // A tar need not have entries for folders.
        entry.path.match_indices('/').for_each(|(end, _)| listing.add_folder(&entry.path[..end]));
        match entry.stored {
            None => listing.add_folder(&entry.path),
            Some(stored) => {
                if kept.contains_key(&entry.path) || listing.add_file(&entry.path) {
                    kept.insert(entry.path, stored);
                }
            }
        }
    }
    listing.images.sort();
    let files = Arc::new(Tar { origin: origin.clone(), bytes, stored: kept });
    Tree { origin, is_archive: true, listing, files }
}

impl Store for Tar {
    type Place = String;

    fn name(&self, path: &String) -> String {
        format!("{}:{path}", self.origin)
    }

    fn key(&self, path: &String) -> String {
        path.clone()
    }

    fn read(&self, path: &String) -> Result<Vec<u8>, Error> {
        self.bytes.read(&self.stored[path]).map_err(Error::file_error(self.name(path)))
    }
}
