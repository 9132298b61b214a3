use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::files::{Files, Listing, MAX_FILE_BYTES};
use crate::data::error::Error;

/// The files below a folder of the file system. Links are followed.
pub(super) struct Folder {
    root: PathBuf,
    origin: String,
    listing: Listing,
}

impl Folder {
    pub(super) fn open(root: &Path) -> Result<Self, Error> {
        let mut listing = Listing::default();
        for entry in WalkDir::new(root).follow_links(true).min_depth(1) {
            let entry = entry.map_err(|error| {
                let name = error.path().unwrap_or(root).display().to_string();
                Error::file_error(name, error.into())
            })?;
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let parts: Option<Vec<&str>> = relative.components().map(|part| part.as_os_str().to_str()).collect();
            let Some(parts) = parts else {
                return Err(Error::layout(
                    &root.display().to_string(),
                    format!("holds a name that is not UTF-8, {}: rename it", relative.display()),
                ));
            };
            let path = parts.join("/");
            if entry.file_type().is_dir() {
                listing.add_folder(&path);
            } else if entry.file_type().is_file() {
                listing.add_file(&path);
            }
        }
        listing.sort();
        Ok(Self { root: root.to_owned(), origin: root.display().to_string(), listing })
    }
}

impl Files for Folder {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn is_archive(&self) -> bool {
        false
    }

    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn name(&self, path: &str) -> String {
        self.root.join(path).display().to_string()
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        let read = || {
            let file = File::open(self.root.join(path))?;
            let length = file.metadata()?.len();
            if length > MAX_FILE_BYTES {
                return Err(std::io::Error::other("it is larger than 256 MiB"));
            }
            let mut bytes = Vec::with_capacity(length as usize);
            file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|error| Error::file_error(self.name(path), error))
    }
}
