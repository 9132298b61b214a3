use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use csv::{Position, StringRecord};

use super::super::part::Part;
use super::super::split::list_some;
use crate::data::error::Error;
use crate::text::without_mark;

/// A line of the list.
pub(super) struct Row {
    pub(super) path: String,
    pub(super) class: String,
    /// The part that it belongs to, where the list has a column for it.
    pub(super) part: Option<Part>,
    line: u64,
}

/// The columns' numbers.
struct Columns {
    path: usize,
    label: usize,
    split: Option<usize>,
}

/// Reads all lines of a list. Paths are relative to `folder`.
pub(super) fn read(origin: &str, folder: &Path, text: &[u8]) -> Result<Vec<Row>, Error> {
    let text = without_mark(text).map_err(|reason| Error::layout(origin, reason))?;
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
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(text);
    let columns = columns(origin, reader.headers().map_err(broken)?)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut paths = Paths::new(origin, folder)?;
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(broken)? {
        let row = row(origin, folder, &columns, &record, line(text, record.position()))?;
        if let Some(first) = paths.add(&row, &rows) {
            let (path, first, line) = (row.path, first.line, row.line);
            return Err(Error::layout(origin, format!("lists {path} twice, in lines {first} and {line}: keep one")));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(Error::layout(origin, "lists no images: it has no line below its first"));
    }
    refuse_missing(origin, folder, &rows)?;
    Ok(rows)
}

fn refuse_missing(origin: &str, folder: &Path, rows: &[Row]) -> Result<(), Error> {
    let missing: Vec<&Row> = rows.iter().filter(|row| !folder.join(&row.path).exists()).collect();
    let Some(first) = missing.first() else { return Ok(()) };
    let (hint_for_one, hint_for_some) = if first.path.contains('\\') {
        ("; between folders its path needs a / instead of \\", "; between folders paths need a / instead of \\")
    } else {
        (": paths are relative to the list's folder", ": paths are relative to its folder")
    };
    let names: Vec<String> = missing.iter().map(|row| format!("{} (line {})", row.path, row.line)).collect();
    let reason = match names.as_slice() {
        [one] => format!("lists a file that is not there, {one}{hint_for_one}"),
        some => format!("lists {} files that are not there, {}{hint_for_some}", some.len(), list_some(some)),
    };
    Err(Error::layout(origin, reason))
}

/// The line number of a record, from 1. The reader's own count stops where its search for the record began, before
/// empty lines.
fn line(text: &[u8], at: Option<&Position>) -> u64 {
    let Some(at) = at else { return 0 };
    let ahead = text.get(at.byte() as usize..).unwrap_or_default();
    let empty = ahead.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n');
    at.line() + empty.count() as u64
}

/// Other characters that people and programs put between columns.
const SEPARATORS: [(char, &str); 3] = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")];

fn columns(origin: &str, header: &StringRecord) -> Result<Columns, Error> {
    let find = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
    let need = |name: &str| {
        find(name).ok_or_else(|| {
            let found: Vec<&str> = header.iter().collect();
            if let [only] = found.as_slice()
                && let Some((_, what)) = SEPARATORS.iter().find(|(separator, _)| only.contains(*separator))
            {
                return Error::layout(origin, format!("has {what} between its columns: save it with commas"));
            }
            let found = if found.is_empty() { "none".to_owned() } else { list_some(&found) };
            let reason = format!(
                "has no column {name} (its first line names: {found}): the columns are path, label and, if wanted, split"
            );
            Error::layout(origin, reason)
        })
    };
    Ok(Columns { path: need("path")?, label: need("label")?, split: find("split") })
}

fn row(origin: &str, folder: &Path, columns: &Columns, record: &StringRecord, line: u64) -> Result<Row, Error> {
    let cell = |name: &str, at: usize| match record.get(at).map(str::trim) {
        Some(cell) if !cell.is_empty() => Ok(cell),
        _ => Err(Error::layout(origin, format!("has an empty {name} in line {line}: fill it, or remove the line"))),
    };
    let part = |at| {
        let split = cell("split", at)?;
        Part::named(split).ok_or_else(|| {
            Error::layout(origin, format!("has the split {split} in line {line}: it can be train, val or test"))
        })
    };
    let part = columns.split.map(part).transpose()?;
    let path = cell("path", columns.path)?;
    // Blanks around a cell are the list's, unless a file has them in its name.
    let whole = record.get(columns.path).filter(|whole| *whole != path && folder.join(whole).exists());
    let class = cell("label", columns.label)?.to_owned();
    Ok(Row { path: whole.unwrap_or(path).to_owned(), class, part, line })
}

/// The files listed until now, however their paths are written.
struct Paths {
    /// The list's folder, as an absolute path.
    folder: PathBuf,
    /// The paths from there, without `.` and `..`, with their rows' numbers.
    rows: HashMap<PathBuf, usize>,
}

impl Paths {
    fn new(origin: &str, folder: &Path) -> Result<Self, Error> {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let folder = std::path::absolute(here).map_err(Error::file_error(origin))?;
        Ok(Self { folder, rows: HashMap::new() })
    }

    /// Notes a row's path; returns the row among those `before` that listed the same file, if one did.
    fn add<'a>(&mut self, row: &Row, before: &'a [Row]) -> Option<&'a Row> {
        let first = *self.rows.entry(plain(&self.folder.join(&row.path))).or_insert(before.len());
        let first = before.get(first)?;
        // After a link, `..` is a different folder from the one in front of it.
        let goes_up = |path: &str| Path::new(path).components().any(|part| part == Component::ParentDir);
        if goes_up(&row.path) || goes_up(&first.path) {
            let real = |path: &str| self.folder.join(path).canonicalize().ok();
            return (real(&row.path) == real(&first.path)).then_some(first);
        }
        Some(first)
    }
}

/// A path without `.`, in which each `..` cancels the name before it.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}
