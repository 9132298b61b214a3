//! Which of several files has the weights.

use std::path::{Path, PathBuf};

use crate::weights::mismatch::list;

/// Usual names, the first before the others: those that timm and Hugging Face's libraries write.
const USUAL: [&str; 6] =
    ["model.safetensors", "pytorch_model.bin", "pytorch_model.pth", "model.pth", "model.weights.h5", "model.keras"];

/// Extensions of weights, of which one file alone is taken, the first before the others.
const EXTENSIONS: [&str; 7] = [".safetensors", ".pth", ".pt", ".bin", ".h5", ".keras", ".index"];

/// What [`among`] looks for.
pub(super) const LOOKED_FOR: &str = "neither `model.safetensors`, `pytorch_model.bin` nor any `.safetensors`, `.pth`, `.pt`, `.bin`, `.h5`, `.keras` or \
     `.index` is there";

/// The weights among files of these names, if any.
///
/// # Errors
/// When there are several of the first extension that there is, and none by a usual name.
pub(super) fn among(names: &[String]) -> Result<Option<&str>, String> {
    if let Some(usual) = USUAL.into_iter().find(|usual| names.iter().any(|name| name == usual)) {
        return Ok(Some(usual));
    }
    for extension in EXTENSIONS {
        let of_it: Vec<String> = names.iter().filter(|name| name.ends_with(extension)).cloned().collect();
        match of_it.len() {
            0 => {}
            1 => return Ok(names.iter().find(|name| name.ends_with(extension)).map(String::as_str)),
            several => return Err(format!("it has {several} weights files, {}: name one", list(&of_it))),
        }
    }
    Ok(None)
}

/// The weights file of a folder, if it has one.
///
/// # Errors
/// As [`among`], and when the folder cannot be read.
pub(super) fn in_folder(folder: &Path) -> Result<Option<PathBuf>, String> {
    let unreadable = |error: std::io::Error| format!("the folder `{}` cannot be read: {error}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // A link counts as what it leads to.
        if entry.path().is_file() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort_unstable();
    Ok(among(&names)?.map(|name| folder.join(name)))
}
