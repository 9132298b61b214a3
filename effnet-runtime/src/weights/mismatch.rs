//! How a file and a network differ.

use std::fmt;
use std::path::PathBuf;

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
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text += &format!(" and {} more", names.len() - SHOWN);
    }
    text
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the weights of `{}` do not fit {}:", self.path.display(), self.network)?;
        let mut separator = " ";
        for (names, what) in [(&self.missing, "missing"), (&self.unexpected, "unexpected")] {
            if !names.is_empty() {
                write!(f, "{separator}{} {what} ({})", names.len(), list(names))?;
                separator = "; ";
            }
        }
        if !self.wrong_shape.is_empty() {
            let shapes: Vec<_> = self
                .wrong_shape
                .iter()
                .take(SHOWN)
                .map(|wrong| {
                    format!("`{}` is {:?} in the file and {:?} in the network", wrong.name, wrong.file, wrong.network)
                })
                .collect();
            write!(f, "{separator}{} of wrong shape ({}", self.wrong_shape.len(), shapes.join(", "))?;
            if self.wrong_shape.len() > SHOWN {
                write!(f, " and {} more", self.wrong_shape.len() - SHOWN)?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}
