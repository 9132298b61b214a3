//! Example images to try a trained network on.

use std::path::PathBuf;

use super::error::{Error, Result};
use super::run_folder::RunFolder;
use crate::data::Source;

/// Maximum number of classes that get an example.
const SAMPLES: usize = 10;

/// Longest class name, in bytes, that becomes a file name: file systems allow about 255.
const LONGEST_NAME: usize = 100;

/// Path of an example image: the sample `right`, which the network classifies rightly, or the first where there is
/// none. Returns the source's own file if it is one; otherwise writes one image per class to the run folder, named
/// after the class.
///
/// # Errors
/// When an image cannot be read or written.
pub fn sample(source: &dyn Source, folder: &RunFolder, right: Option<u64>) -> Result<Option<PathBuf>> {
    let right = right.map(|sample| sample as usize).filter(|sample| *sample < source.len());
    let Some(first) = right.or((!source.is_empty()).then_some(0)) else { return Ok(None) };
    let file = PathBuf::from(source.name(first));
    if file.is_file() {
        return Ok(Some(file));
    }
    let own = source.label(first);
    let mut suggested = None;
    let of_class = |label| (0..source.len()).find(|index| source.label(*index) == label);
    let others = (0..source.classes().len()).filter(|label| *label != own).take(SAMPLES - 1).filter_map(of_class);
    for index in std::iter::once(first).chain(others) {
        let label = source.label(index);
        let bytes = source.read(index)?;
        // A source's names need not have an extension.
        let format = image::guess_format(&bytes).ok();
        let extension = format.and_then(|format| format.extensions_str().first().copied()).unwrap_or("image");
        let path = folder.samples().join(format!("{}.{extension}", file_name(&source.classes()[label], label)));
        std::fs::write(&path, bytes).map_err(Error::folder("write", &path))?;
        suggested.get_or_insert(path);
    }
    Ok(suggested)
}

/// File name of a class's example: the class, or its number if the class is no valid file name.
fn file_name(class: &str, label: usize) -> String {
    let is_plain = |c: char| !c.is_control() && !r#"/\:*?"<>|"#.contains(c);
    let is_name = class.len() <= LONGEST_NAME && !class.starts_with('.') && class.chars().all(is_plain);
    if is_name && !class.is_empty() { class.to_owned() } else { format!("class {label}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_is_no_files_name_goes_by_its_number() {
        assert_eq!(file_name("Rot-Ahorn 2", 7), "Rot-Ahorn 2");
        for class in ["", "..", "a/b", "../../x", "a\\b", "a\0b", ".hidden", &"x".repeat(300)] {
            assert_eq!(file_name(class, 7), "class 7", "{class}");
        }
    }
}
