//! How a file and a network differ.

use std::fmt;
use std::path::PathBuf;

use crate::pattern::nearest;

/// A parameter that has another shape in the file than in the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongShape {
    /// Its name in the file.
    pub name: String,
    /// Its shape in the file.
    pub file: Vec<usize>,
    /// Its shape in the network.
    pub network: Vec<usize>,
}

/// How a file and a network differ. Names are the file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The file.
    pub path: PathBuf,
    /// The network's name.
    pub network: String,
    /// Names that the network needs and the file lacks.
    pub missing: Vec<String>,
    /// Names that the file has and the network does not know.
    pub unexpected: Vec<String>,
    /// Parameters that both have, in different shapes.
    pub wrong_shape: Vec<WrongShape>,
}

/// Number of names of each kind in a message.
const SHOWN: usize = 4;

/// The first names, quoted, and how many more there are.
pub(super) fn list(names: &[String]) -> String {
    first(names, |name| format!("`{name}`"))
}

/// The text of the first items, and how many more there are.
fn first<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    let shown = items.iter().take(SHOWN).map(text).collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shapes = |wrong: &WrongShape| {
            format!("`{}` is {:?} in the file and {:?} in the network", wrong.name, wrong.file, wrong.network)
        };
        let parts = [
            (self.missing.len(), "missing", list(&self.missing)),
            (self.unexpected.len(), "unexpected", list(&self.unexpected)),
            (self.wrong_shape.len(), "of wrong shape", first(&self.wrong_shape, shapes)),
        ];
        let parts = parts.iter().filter(|(count, ..)| *count > 0);
        let parts: Vec<_> = parts.map(|(count, what, names)| format!("{count} {what} ({names})")).collect();
        write!(f, "the weights of `{}` do not fit {}: {}", self.path.display(), self.network, parts.join("; "))?;
        match self.missing.first() {
            // Names that only one side has may be the same parameter's, by another habit.
            Some(missing) if !self.unexpected.is_empty() => {
                write!(f, "; the nearest to `{missing}` in the file: {}", nearest(missing, &self.unexpected))
            }
            _ => Ok(()),
        }
    }
}
