mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::Ignored;
use super::folder::Folder;
use super::part::Part;
use super::samples::{Sample, Samples};
use super::undivided::{Division, Undivided};
use crate::data::error::Error;

/// Opens a list of images in a CSV file: columns `path`, `label` and, where the data set divides itself, `split`.
///
/// Paths are relative to the list's folder; labels are the classes' names. Other columns are ignored.
pub(super) fn open(path: &Path) -> Result<Undivided<Folder>, Error> {
    let origin = path.display().to_string();
    let text = std::fs::read(path).map_err(Error::file_error(&origin))?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut rows = rows::read(&origin, &folder, &text)?;
    let mut ignored = Ignored::default();
    // The test part serves for validation where there is no validation part.
    if rows.iter().any(|row| row.part == Some(Part::Val)) {
        let all = rows.len();
        rows.retain(|row| row.part != Some(Part::Test));
        ignored.add_many("in test", all - rows.len());
    }
    let classes: BTreeSet<&String> = rows.iter().map(|row| &row.class).collect();
    let classes: Arc<[String]> = classes.into_iter().cloned().collect();
    let for_val = rows.iter().map(|row| row.part.map(|part| part != Part::Train)).collect::<Option<Vec<bool>>>();
    let division = for_val.map(|for_val| Division {
        for_val,
        owned: "has a column split of its own",
        empty: |part| format!("has a column split but no line of {part}: add some, or remove the column"),
    });
    // Every class is among the names, which come from the rows.
    let label = |class: &String| classes.binary_search(class).unwrap_or_default() as u32;
    let samples = rows.into_iter().map(|row| Sample { label: label(&row.class), place: row.path }).collect();
    let samples = Samples { store: Arc::new(Folder { root: folder }), classes, samples };
    Ok(Undivided { origin, samples, division, ignored })
}
