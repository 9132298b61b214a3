#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv::{Position, StringRecord};

use super::files::{Files, read_file};
use super::layout::{Item, divide, part};
use super::listed::Listed;
use super::split::{check_classes, check_parts, list_some};
use super::{Ignored, Source, Split, Validation};
use crate::data::error::Error;

/// A list of images in a CSV file: columns `path`, `label` and, where the data set divides itself, `split`.
///
/// Paths are relative to the list's folder; labels are the classes' names. Other columns are left alone.
pub(super) struct List {
    origin: String,
    files: Arc<ListFiles>,
    classes: Vec<String>,
    items: Vec<Item>,
    /// Whether each item is for validation, where the list says.
    for_val: Option<Vec<bool>>,
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

/// Where the columns are.
struct Columns {
    path: usize,
    label: usize,
    split: Option<usize>,
}

/// A line of the list.
struct Row {
    path: String,
    class: String,
    for_val: bool,
}

impl List {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let origin = path.display().to_string();
        let text = std::fs::read(path).map_err(|error| Error::file_error(origin.clone(), error))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let (rows, divided) = rows(&origin, &folder, &text)?;
        let classes: BTreeSet<&String> = rows.iter().map(|row| &row.class).collect();
        let classes: Vec<String> = classes.into_iter().cloned().collect();
        check_classes(&origin, &classes)?;
        let for_val = divided.then(|| rows.iter().map(|row| row.for_val).collect());
        // Every class is among the names, which were taken from the rows.
        let label = |class: &String| classes.binary_search(class).unwrap_or_default();
        let items = rows.into_iter().map(|row| Item { label: label(&row.class), path: row.path }).collect();
        Ok(Self { origin, files: Arc::new(ListFiles { folder }), classes, items, for_val })
    }

    pub(super) fn split(self, validation: Validation, seed: u64) -> Result<Split, Error> {
        let origin = self.origin;
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
        Ok(Split { train: part(train), val: part(val), val_fraction, ignored: Ignored::default() })
    }

    pub(super) fn whole(self) -> Arc<dyn Source> {
        Arc::new(Listed { files: self.files, classes: self.classes.into(), items: self.items })
    }
}

/// Reads all lines; and whether they say which part they belong to.
fn rows(origin: &str, folder: &Path, text: &[u8]) -> Result<(Vec<Row>, bool), Error> {
    let broken = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = line(text, pos.as_ref());
            let reason = format!("has {len} cells in line {line}, and its first line has {expected_len}: correct it");
            Error::layout(origin, reason)
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            let line = line(text, pos.as_ref());
            Error::layout(origin, format!("is not UTF-8 in line {line}: save it as UTF-8"))
        }
        other => Error::layout(origin, format!("is not a readable list: {other:?}")),
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let columns = columns(origin, reader.headers().map_err(broken)?)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut lines: HashMap<String, u64> = HashMap::new();
    let mut missing = Vec::new();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(broken)? {
        let line = line(text, record.position());
        let row = row(origin, &columns, &record, line)?;
        if let Some(first) = lines.insert(row.path.clone(), line) {
            let path = row.path;
            return Err(Error::layout(origin, format!("lists {path} twice, in lines {first} and {line}: keep one")));
        }
        if !folder.join(&row.path).exists() {
            missing.push(format!("{} (line {line})", row.path));
        }
        rows.push(row);
    }
    let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
    match missing.as_slice() {
        [] if rows.is_empty() => Err(Error::layout(origin, "lists no images: it has no line below its first")),
        [] => Ok((rows, columns.split.is_some())),
        [one] => {
            let reason = format!("lists a file that is not there, {one}: paths are relative to the list's folder");
            Err(Error::layout(origin, reason))
        }
        some => {
            let (count, some) = (some.len(), list_some(some));
            let reason = format!("lists {count} files that are not there, {some}: paths are relative to its folder");
            Err(Error::layout(origin, reason))
        }
    }
}

/// The line of a record, from 1. The reader's own count stops where it began to look for the record, before empty lines.
fn line(text: &[u8], at: Option<&Position>) -> u64 {
    let Some(at) = at else { return 0 };
    let ahead = text.get(at.byte() as usize..).unwrap_or_default();
    let empty = ahead.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n');
    at.line() + empty.count() as u64
}

fn columns(origin: &str, header: &StringRecord) -> Result<Columns, Error> {
    let find = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
    let need = |name: &str| {
        find(name).ok_or_else(|| {
            let found: Vec<&str> = header.iter().collect();
            let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
            let reason = format!(
                "has no column {name} (its first line names: {found}): the columns are path, label and, if wanted, split"
            );
            Error::layout(origin, reason)
        })
    };
    Ok(Columns { path: need("path")?, label: need("label")?, split: find("split") })
}

fn row(origin: &str, columns: &Columns, record: &StringRecord, line: u64) -> Result<Row, Error> {
    let cell = |name: &str, at: usize| match record.get(at) {
        Some(cell) if !cell.is_empty() => Ok(cell),
        _ => Err(Error::layout(origin, format!("has an empty {name} in line {line}: fill it, or remove the line"))),
    };
    let for_val = match columns.split.map(|at| cell("split", at)).transpose()? {
        None | Some("train") => false,
        Some("val") => true,
        Some(other) => {
            let reason = format!("has the split {other} in line {line}: it can be train or val");
            return Err(Error::layout(origin, reason));
        }
    };
    Ok(Row { path: cell("path", columns.path)?.to_owned(), class: cell("label", columns.label)?.to_owned(), for_val })
}
