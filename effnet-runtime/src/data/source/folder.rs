use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::extension::is_image;
use super::files::{Listing, MAX_FILE_BYTES, Tree, check_length};
use super::litter::litter;
use super::samples::Store;
use crate::data::error::Error;

/// Files of the file system, known by their paths from a folder.
pub(super) struct Folder {
    pub(super) root: PathBuf,
}

impl Folder {
    /// Lists the files below a folder. Links are followed.
    pub(super) fn open(root: &Path) -> Result<Tree, Error> {
        let mut listing = Listing::default();
        let mut named_as_images = Vec::new();
        for entry in WalkDir::new(root).follow_links(true).min_depth(1) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(root);
                    let within = relative(root, path)?;
                    // A link to nowhere, or to itself, counts as the file that a viewer of the folder would take it
                    // for: a picture that cannot be read. Systems' folders are often closed to their users.
                    let dangling = path.is_symlink() && path.metadata().is_err() && error.loop_ancestor().is_none();
                    if litter(&within).is_some() || dangling {
                        listing.add_file(&within);
                        continue;
                    }
                    return Err(Error::file_error(path.display().to_string())(error.into()));
                }
            };
            let path = relative(root, entry.path())?;
            if entry.file_type().is_dir() {
                if is_image(&path) && entry.depth() > 1 && litter(&path).is_none() {
                    named_as_images.push(path);
                } else {
                    listing.add_folder(&path);
                }
            } else if entry.file_type().is_file() || is_image(&path) {
                listing.add_file(&path);
            } else {
                listing.ignored.add("pipe or device");
            }
        }
        // A folder named like an image is one if there are images in it, otherwise a mistake that the user has to see.
        for path in named_as_images {
            let prefix = format!("{path}/");
            if listing.images.iter().any(|image| image.starts_with(&prefix)) {
                listing.add_folder(&path);
            } else {
                listing.add_file(&path);
            }
        }
        listing.images.sort();
        let files = Arc::new(Self { root: root.to_owned() });
        Ok(Tree { origin: root.display().to_string(), is_archive: false, listing, files })
    }
}

/// A path below `root` with `/` between its parts.
fn relative(root: &Path, path: &Path) -> Result<String, Error> {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let lossy: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    let lossy = lossy.join("/");
    if relative.to_str().is_none() && litter(&lossy).is_none() {
        let reason = format!("holds a name that is not UTF-8, {}: rename it", relative.display());
        return Err(Error::layout(&root.display().to_string(), reason));
    }
    Ok(lossy)
}

impl Store for Folder {
    type Place = String;

    fn name(&self, path: &String) -> String {
        self.root.join(path).display().to_string()
    }

    fn key(&self, path: &String) -> String {
        path.clone()
    }

    fn read(&self, path: &String) -> Result<Vec<u8>, Error> {
        let file = self.root.join(path);
        let read = || {
            // Checked before opening: to open a pipe waits for a writer.
            let found = std::fs::metadata(&file)?;
            if !found.is_file() {
                return Err(io::Error::other(if found.is_dir() { "it is a folder" } else { "it is no regular file" }));
            }
            check_length(found.len())?;
            let mut bytes = Vec::with_capacity(found.len() as usize);
            File::open(&file)?.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(Error::file_error(self.name(path)))
    }
}
