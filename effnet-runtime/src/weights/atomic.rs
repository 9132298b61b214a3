//! Writing a file at once: a reader, and a power cut, see the old file or the new one.

use std::path::Path;

/// Prefix of temporary files' names.
pub(crate) const TEMPORARY_PREFIX: &str = ".writing-";

/// Writes a file atomically: `write` fills a temporary file in the same folder, which is then synchronised and renamed.
///
/// # Errors
/// When `write` fails, or the folder is missing or cannot be written to. The temporary file is then deleted.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut std::fs::File) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    // A temporary file is private to its owner; this one becomes an ordinary file, under the user's mask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    write(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The rename is on disk once the folder is synchronised; only Unix can open a folder.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}
