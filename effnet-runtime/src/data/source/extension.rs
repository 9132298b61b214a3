//! Tells pictures from other files by the extension of their names.

/// The extensions that mark a file as a picture, in lower case.
const EXTENSIONS: [&str; 6] = ["bmp", "gif", "jpeg", "jpg", "png", "webp"];

/// Whether a path's extension is a picture's.
pub(super) fn is_image(path: &str) -> bool {
    extension(path).is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

/// The text behind the last dot of a path's last name.
pub(super) fn extension(path: &str) -> Option<&str> {
    path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension)
}
