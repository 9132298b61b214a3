//! Writing a file at once: a reader, and a power cut, see the old file or the new one.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempPath;

/// Prefix of temporary files' names.
pub(crate) const TEMPORARY_PREFIX: &str = ".writing-";

/// Writes a file atomically: `write` fills a temporary file in the same folder, which is then synchronised and renamed.
///
/// # Errors
/// When `write` fails, or the folder is missing or cannot be written to. The temporary file is then deleted.
pub fn write_atomically(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    // A temporary file of the crate's making is private to its owner; this one becomes an ordinary file, under the user's mask.
    let create = |path: &Path| File::options().read(true).write(true).create_new(true).open(path);
    let temporary = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).make_in(folder_of(path), create)?;
    let (mut file, temporary) = temporary.into_parts();
    write(&mut file)?;
    file.sync_all()?;
    drop(file);
    rename(&temporary, path)
}

/// Gives a synchronised temporary file its name, which then is on disk.
pub(crate) fn rename(temporary: &TempPath, path: &Path) -> io::Result<()> {
    // On Windows this replaces a file that somebody reads, which `persist` does not.
    fs::rename(temporary, path)?;
    // Only Unix can open a folder.
    #[cfg(unix)]
    File::open(folder_of(path))?.sync_all()?;
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
