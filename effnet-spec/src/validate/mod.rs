//! What a legal table is.

mod counts;
mod rows;
mod settings;

use std::fmt;

use crate::{Column, Key, Place, Spec};

/// The most blocks that a network may have.
pub const MAX_BLOCKS: usize = 1_000;

/// Something in a table that isn't legal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it is.
    pub place: Place,
    /// One sentence that names the thing and says what would be legal.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mistake {}

impl Spec {
    /// Every mistake of the table and its settings, rows first. Empty if the network can be built.
    ///
    /// No mistake follows from another: a row is compared with its neighbour only where both cells are legal, and
    /// counts are taken only of a table that is legal otherwise.
    ///
    /// ```
    /// use effnet_spec::{Column, Operator, Place, Row, Settings, Spec};
    ///
    /// let rows = [Row::new(1, 4, 2, 4, 24, 48, Operator::Fused, 0.0)];
    /// let spec = Spec { name: "Tiny".into(), rows: rows.to_vec().into(), settings: Settings::DEFAULT };
    /// let mistakes = spec.validate();
    /// assert_eq!(mistakes[0].place, Place::Cell(0, Column::Kernel));
    /// assert_eq!(mistakes[0].to_string(), "kernel is 4; it must be 3, 5 or 7");
    /// ```
    pub fn validate(&self) -> Vec<Mistake> {
        let mut mistakes = rows::check(&self.rows);
        mistakes.extend(settings::check(&self.settings));
        if mistakes.is_empty() {
            mistakes.extend(counts::check(self));
        }
        mistakes
    }

    /// What is wrong with a `stem` setting that says `declared`, if anything.
    pub fn check_stem(&self, declared: usize) -> Option<Mistake> {
        let first = self.rows.first()?.in_channels;
        if declared == 0 {
            Some(setting(Key::Stem, declared))
        } else if first != declared && first > 0 {
            let message = format!("stem is {declared}, but the first row takes {first} channels; they must be equal");
            Some(Mistake { place: Place::Setting(Key::Stem), message })
        } else {
            None
        }
    }
}

fn cell(row: usize, column: Column, value: impl fmt::Display) -> Mistake {
    let message = format!("{} is {value}; it must be {}", column.name(), column.legal());
    Mistake { place: Place::Cell(row, column), message }
}

pub(crate) use settings::is_positive;

pub(crate) fn setting(key: Key, value: impl fmt::Display) -> Mistake {
    let message = format!("{} is {value}; it must be {}", key.name(), key.legal());
    Mistake { place: Place::Setting(key), message }
}
