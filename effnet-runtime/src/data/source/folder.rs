use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::files::{Files, Listing, Tree, is_image, read_file};
use super::litter::litter;
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
                    let name = path.display().to_string();
                    return Err(Error::file_error(name, error.into()));
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
        listing.sort();
        Ok(Self { root: root.to_owned(), origin: root.display().to_string(), listing })
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

impl Files for Folder {
    fn name(&self, path: &str) -> String {
        self.root.join(path).display().to_string()
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        read_file(&self.root.join(path))
    }
}

impl Tree for Folder {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn is_archive(&self) -> bool {
        false
    }

    fn listing(&self) -> &Listing {
        &self.listing
    }
}
