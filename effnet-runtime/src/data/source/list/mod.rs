mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::{Files, read_file};
use super::layout::{Item, divide, part};
use super::listed::Listed;
use super::part::Part;
use super::split::{Least, check_classes, check_parts};
use super::{Ignored, Source, Split, Validation};
use crate::data::error::Error;
use rows::Rows;

/// A list of images in a CSV file: columns `path`, `label` and, where the data set divides itself, `split`.
///
/// Paths are relative to the list's folder; labels are the classes' names. Other columns are ignored.
pub(super) struct List {
    origin: String,
    files: Arc<ListFiles>,
    classes: Vec<String>,
    items: Vec<Item>,
    /// Whether each item is for validation, where the list says so.
    for_val: Option<Vec<bool>>,
    ignored: Ignored,
}

/// The files that a list names.
struct ListFiles {
    folder: PathBuf,
}

impl Files for ListFiles {
    fn name(&self, path: &str) -> String {
        self.folder.join(path).display().to_string()
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        read_file(&self.folder.join(path))
    }
}

impl List {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let origin = path.display().to_string();
        let text = std::fs::read(path).map_err(|error| Error::file_error(origin.clone(), error))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let Rows { mut rows, divided } = rows::read(&origin, &folder, &text)?;
        let mut ignored = Ignored::default();
        // The test part serves for validation where there is no validation part.
        if rows.iter().any(|row| row.part == Part::Val) {
            let all = rows.len();
            rows.retain(|row| row.part != Part::Test);
            ignored.add_many("in test", all - rows.len());
        }
        let classes: BTreeSet<&String> = rows.iter().map(|row| &row.class).collect();
        let classes: Vec<String> = classes.into_iter().cloned().collect();
        let for_val = divided.then(|| rows.iter().map(|row| row.part != Part::Train).collect());
        // Every class is among the names, which come from the rows.
        let label = |class: &String| classes.binary_search(class).unwrap_or_default();
        let items = rows.into_iter().map(|row| Item { label: label(&row.class), path: row.path }).collect();
        Ok(Self { origin, files: Arc::new(ListFiles { folder }), classes, items, for_val, ignored })
    }

    pub(super) fn split(self, validation: Validation, seed: u64, least: Least) -> Result<Split, Error> {
        let origin = self.origin;
        check_classes(&origin, &self.classes, least)?;
        let (train, val, val_fraction) = match (self.for_val, validation) {
            (Some(_), Validation::Fraction(_)) => {
                return Err(Error::layout(&origin, "has a column split of its own: leave out --val-fraction"));
            }
            (Some(for_val), Validation::Auto) => {
                for (name, none) in [("train", for_val.iter().all(|val| *val)), ("val", !for_val.contains(&true))] {
                    if none {
                        let reason =
                            format!("has a column split but no line of {name}: add some, or remove the column");
                        return Err(Error::layout(&origin, reason));
                    }
                }
                let (train, val) = part(self.items, &for_val);
                (train, val, None)
            }
            (None, validation) => {
                let fraction = validation.fraction()?;
                let (train, val) = divide(self.items, fraction, seed);
                (train, val, Some(fraction))
            }
        };
        let labels = |items: &[Item]| items.iter().map(|item| item.label).collect::<Vec<_>>();
        check_parts(&origin, &self.classes, labels(&train).into_iter(), labels(&val).into_iter())?;
        let classes: Arc<[String]> = self.classes.into();
        let part = |items| Arc::new(Listed { files: self.files.clone(), classes: Arc::clone(&classes), items });
        Ok(Split { train: part(train), val: part(val), val_fraction, ignored: self.ignored })
    }

    pub(super) fn whole(self) -> Arc<dyn Source> {
        Arc::new(Listed { files: self.files, classes: self.classes.into(), items: self.items })
    }
}
