use std::collections::HashMap;

use super::archive::Archive;
use super::bytes::{Bytes, Stored};
use super::files::{Files, Listing, Tree};
use crate::data::error::Error;

/// The images in a tar of class folders, read where they lie.
pub(super) struct Tar {
    origin: String,
    bytes: Bytes,
    listing: Listing,
    stored: HashMap<String, Stored>,
}

impl Tar {
    /// Lists the images. A later entry replaces an earlier one of the same name, as in unpacking.
    pub(super) fn new(archive: Archive) -> Self {
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
        listing.sort();
        Self { origin, bytes, listing, stored: kept }
    }
}

impl Files for Tar {
    fn name(&self, path: &str) -> String {
        format!("{}:{path}", self.origin)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        self.bytes.read(&self.stored[path]).map_err(|error| Error::file_error(self.name(path), error))
    }
}

impl Tree for Tar {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn is_archive(&self) -> bool {
        true
    }

    fn listing(&self) -> &Listing {
        &self.listing
    }
}
