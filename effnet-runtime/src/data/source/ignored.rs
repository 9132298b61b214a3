use std::collections::BTreeMap;
use std::fmt;

use super::extension::extension;
use super::litter::litter;

/// How many kinds a message names.
const NAMED: usize = 5;

/// The longest text after a dot that counts as an extension.
const MAX_EXTENSION: usize = 24;

/// Files that a listing left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// How many.
    pub files: usize,
    /// The kinds, with the number of files of each: extensions, `hidden`, `system` (what operating systems and file
    /// servers leave in folders), `outside class folders`, `in test` (or another folder that is none of the parts), and
    /// in tars the kinds of entries that are no files.
    pub kinds: BTreeMap<String, usize>,
}

impl Ignored {
    /// Counts a file of this kind.
    pub(super) fn add(&mut self, kind: &str) {
        self.add_many(kind, 1);
    }

    pub(super) fn add_many(&mut self, kind: &str, count: usize) {
        if count > 0 {
            self.files += count;
            *self.kinds.entry(kind.to_owned()).or_default() += count;
        }
    }

    /// Counts a file that is no image.
    pub(super) fn add_path(&mut self, path: &str) {
        match litter(path) {
            Some(kind) => self.add(kind),
            None => self.add_extension(extension(path).unwrap_or_default()),
        }
    }

    /// Counts a file by its extension, which has no dot in front.
    pub(super) fn add_extension(&mut self, extension: &str) {
        if extension.is_empty() || extension.len() > MAX_EXTENSION {
            self.add("no extension");
        } else {
            self.add(&format!(".{}", extension.to_ascii_lowercase()));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        other.kinds.iter().for_each(|(kind, count)| self.add_many(kind, *count));
    }

    /// Names these files as a possible reason why images are missing.
    pub(super) fn hint(&self) -> String {
        if self.files == 0 { String::new() } else { format!(" (only {self})") }
    }
}

impl fmt::Display for Ignored {
    /// Names the most frequent kinds.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds: Vec<(&String, &usize)> = self.kinds.iter().collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let more = kinds.len().saturating_sub(NAMED);
        kinds.truncate(NAMED);
        kinds.sort();
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let s = if self.files == 1 { "" } else { "s" };
        write!(out, "{} other file{s} ({}", self.files, kinds.join(", "))?;
        match more {
            0 => write!(out, ")"),
            1 => write!(out, " and 1 more kind)"),
            more => write!(out, " and {more} more kinds)"),
        }
    }
}
