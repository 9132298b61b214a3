use super::Ignored;
use crate::data::error::Error;

/// No file of a data set may be larger: a picture within the decoder's limits never is.
pub(super) const MAX_FILE_BYTES: u64 = 256 << 20;

/// The extensions that mark a file as a picture, in lower case.
const EXTENSIONS: [&str; 6] = ["bmp", "gif", "jpeg", "jpg", "png", "webp"];

/// Named files: those of a folder, or the entries of a tar.
pub(super) trait Files: Send + Sync {
    /// The folder's or the tar's own name, for messages.
    fn origin(&self) -> &str;

    /// Whether this is a single file with files in it.
    fn is_archive(&self) -> bool;

    /// What is there.
    fn listing(&self) -> &Listing;

    /// The name of a listed file for people.
    fn name(&self, path: &str) -> String;

    /// A listed file's bytes.
    fn read(&self, path: &str) -> Result<Vec<u8>, Error>;
}

/// The contents of a folder or tar: paths relative to it, with `/` between their parts.
#[derive(Default)]
pub(super) struct Listing {
    /// The image files, by extension.
    pub(super) images: Vec<String>,
    /// All folders, those without images too.
    pub(super) folders: Vec<String>,
    pub(super) ignored: Ignored,
}

impl Listing {
    /// Takes a file's path in; whether it is listed as an image.
    pub(super) fn add_file(&mut self, path: &str) -> bool {
        let hidden = is_hidden(path);
        let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
        let extension = extension.map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
        if !hidden && EXTENSIONS.contains(&extension.as_str()) {
            self.images.push(path.to_owned());
            return true;
        }
        let kind = match extension.as_str() {
            _ if hidden => "hidden".to_owned(),
            "" => "no extension".to_owned(),
            extension => format!(".{extension}"),
        };
        self.ignored.files += 1;
        *self.ignored.kinds.entry(kind).or_insert(0) += 1;
        false
    }

    /// Takes a folder's path in.
    pub(super) fn add_folder(&mut self, path: &str) {
        if !path.is_empty() && !is_hidden(path) {
            self.folders.push(path.to_owned());
        }
    }

    /// Puts everything in byte order, so that a file system's order never shows.
    pub(super) fn sort(&mut self) {
        self.images.sort();
        self.folders.sort();
        self.folders.dedup();
    }
}

/// Whether a part of the path begins with a dot, as editors' and systems' own files do, or is a system's folder.
fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX" || part == "Thumbs.db")
}

impl std::fmt::Display for Ignored {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds: Vec<String> = self.kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        write!(out, "{} other files ({})", self.files, kinds.join(", "))
    }
}
