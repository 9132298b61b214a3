use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use super::Ignored;
use super::extension::is_image;
use super::litter::litter;
use super::samples::Store;

/// The largest file of a data set: a picture within the decoder's limits is never larger.
pub(in crate::data) const MAX_FILE_BYTES: u64 = 256 << 20;

/// Refuses a file that is longer.
pub(in crate::data) fn check_length(length: u64) -> io::Result<()> {
    if length > MAX_FILE_BYTES { Err(io::Error::other("it is larger than 256 MiB")) } else { Ok(()) }
}

/// Files in folders: a folder's files, or a tar's entries.
pub(super) struct Tree {
    /// The folder's or the tar's own name, for messages.
    pub(super) origin: String,
    /// Whether this is a single file that contains files.
    pub(super) is_archive: bool,
    pub(super) listing: Listing,
    /// Holds the files under their paths in the listing.
    pub(super) files: Arc<dyn Store<Place = String>>,
}

/// The contents of a folder or tar: paths relative to it, with `/` between their parts.
#[derive(Default)]
pub(super) struct Listing {
    /// The image files, by extension, in byte order, which hides the file system's.
    pub(super) images: Vec<String>,
    /// All folders, including those without images.
    pub(super) folders: BTreeSet<String>,
    pub(super) ignored: Ignored,
}

impl Listing {
    /// Lists a file's path; returns whether it was listed as an image.
    pub(super) fn add_file(&mut self, path: &str) -> bool {
        let is_image = is_image(path) && litter(path).is_none();
        if is_image {
            self.images.push(path.to_owned())
        } else {
            self.ignored.add_path(path)
        }
        is_image
    }

    /// Lists a folder's path.
    pub(super) fn add_folder(&mut self, path: &str) {
        if !path.is_empty() && !self.folders.contains(path) && litter(path).is_none() {
            self.folders.insert(path.to_owned());
        }
    }

    /// The images below a folder, whose path ends with `/`, by their paths from there.
    pub(super) fn images_in<'a>(&'a self, prefix: &str) -> impl Iterator<Item = &'a str> {
        self.images.iter().filter_map(move |path| path.strip_prefix(prefix))
    }

    /// The names of the folders directly in such a folder.
    pub(super) fn folders_in<'a>(&'a self, prefix: &str) -> impl Iterator<Item = &'a str> {
        self.folders.iter().filter_map(move |path| path.strip_prefix(prefix)).filter(|path| !path.contains('/'))
    }
}
