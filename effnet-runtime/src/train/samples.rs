//! Images to try a trained network on.

use std::path::PathBuf;

use super::error::{Error, Result};
use super::run_folder::RunFolder;
use crate::data::Source;

/// Classes that get a sample.
const SAMPLES: usize = 10;

/// An image of `source` as a file: its own where it is one, else one of those that this writes to the run folder, one a
/// class, named after their classes.
///
/// # Errors
/// When an image cannot be read or written.
pub fn sample(source: &dyn Source, folder: &RunFolder) -> Result<Option<PathBuf>> {
    let Some(first) = (!source.is_empty()).then(|| PathBuf::from(source.name(0))) else { return Ok(None) };
    if first.is_file() {
        return Ok(Some(first));
    }
    let mut written = Vec::new();
    for (label, class) in source.classes().iter().enumerate().take(SAMPLES) {
        let Some(index) = (0..source.len()).find(|index| source.label(*index) == label) else { continue };
        let bytes = source.read(index)?;
        // Not every source has a file's name to take the extension from.
        let format = image::guess_format(&bytes).ok();
        let extension = format.and_then(|format| format.extensions_str().first().copied()).unwrap_or("image");
        let path = folder.samples().join(format!("{class}.{extension}"));
        std::fs::write(&path, bytes).map_err(Error::folder("write", &path))?;
        written.push(path);
    }
    let middle = written.len() / 2;
    Ok(written.into_iter().nth(middle))
}
