//! Images to try a trained network on.

use std::path::{Path, PathBuf};

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
        let name = source.name(index);
        let extension = Path::new(&name).extension().unwrap_or_default().to_string_lossy().into_owned();
        let path = folder.samples().join(format!("{class}.{extension}"));
        std::fs::write(&path, source.read(index)?).map_err(Error::folder("write", &path))?;
        written.push(path);
    }
    let middle = written.len() / 2;
    Ok(written.into_iter().nth(middle))
}
