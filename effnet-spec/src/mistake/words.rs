//! The parts of sentences that depend on a mistake's data.

use std::fmt;

use super::{Mistake, block_key};
use crate::named;
use crate::{Column, Limit, Row, suggest};

/// Others' words for a name that are not near enough to it to be taken for misspellings.
const ALIASES: [(&str, &str); 10] = [
    ("swish", "silu"),
    ("fused_mbconv", "fused"),
    ("FusedMBConv", "fused"),
    ("FusedMbConv", "fused"),
    ("m", "M"),
    ("mio", "M"),
    ("million", "M"),
    ("g", "G"),
    ("b", "G"),
    ("B", "G"),
];

named! {
    /// An item between commas.
    pub enum Item: "item" {
        /// A row of a table.
        Row = "row",
        /// A cell of a row.
        Cell = "cell",
        /// A number of a list.
        Number = "number",
        /// A setting, or a limit of a budget.
        Setting = "setting",
    }
}

/// A part of a network that costs something.
#[derive(Clone, Debug, PartialEq)]
pub enum CostPart {
    /// The stem.
    Stem,
    /// A row, and its stage, counted from 0.
    Stage(usize, Box<Row>),
    /// The head's convolution and the classifier.
    Head,
}

impl fmt::Display for CostPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stem => f.write_str("the stem"),
            Self::Stage(index, row) => write!(f, "stage {} {row}", index + 1),
            Self::Head => f.write_str("the head"),
        }
    }
}

/// A row's cells: `[repeats, kernel, …]`.
pub(super) fn cells() -> String {
    format!("[{}]", Column::ALL.map(Column::name).join(", "))
}

/// The forms that a row may have, to follow "a row is".
pub(crate) fn row_forms() -> String {
    format!("`{}` or a block string such as \"r2_k3_s1_e1_i24_o24_c1\"", cells())
}

/// The cells that a row with `count` of them lacks, as far as the place of its operator tells.
pub(super) fn missing_cells(count: usize, operator: Option<usize>) -> String {
    let missing = |count| if count == 1 { "one is missing".to_owned() } else { format!("{count} are missing") };
    match operator {
        Some(6) => "`se_ratio` is missing behind the operator (0 for none)".to_owned(),
        Some(place @ 0..6) => format!("{} in front of the operator", missing(6 - place)),
        _ => missing(8 - count),
    }
}

/// Names in backticks, each with its note in parentheses.
pub(super) fn list(names: &[(&str, &str)]) -> String {
    let names = names.iter().map(|(name, note)| match *note {
        "" => format!("`{name}`"),
        note => format!("`{name}` ({note})"),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// The names that are legal, and the one that `found` most likely stands for.
pub(super) fn expected(found: &str, names: &[(&str, &str)]) -> String {
    let known = || names.iter().map(|(name, _)| *name);
    let alias = ALIASES.into_iter().find(|(alias, name)| *alias == found && known().any(|known| known == *name));
    crate::expected(alias.map(|(_, name)| name).or_else(|| suggest(found, known())), &list(names))
}

/// Numbers to choose from: `3, 5 or 7`.
pub(super) fn one_of(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    match numbers.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => numbers.concat(),
    }
}

/// Words for a name's value, as it is written.
pub(super) fn written(text: &str) -> String {
    if text.is_empty() { "has no value".to_owned() } else { format!("is `{text}`") }
}

/// The keys of these columns, and the verb.
pub(super) fn are_missing(columns: &[Column]) -> String {
    let keys: Vec<String> = columns.iter().map(|column| format!("`{}`", block_key(*column))).collect();
    format!("{} {}", keys.join(", "), if keys.len() == 1 { "is" } else { "are" })
}

pub(super) fn joined(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join(". ")
}

pub(super) fn on_top(above: usize) -> String {
    if above == 0 { String::new() } else { format!(", on top of {above} blocks above") }
}

pub(super) fn one_a_channel(channels: usize) -> String {
    match channels {
        1 => "because images have one channel".to_owned(),
        _ => format!("or one for each of the {channels} channels"),
    }
}

/// The size of the images, for a limit that depends on it.
pub(super) fn at_size(limit: Limit, size: usize) -> String {
    if limit == Limit::Macs { format!(" at {size} px") } else { String::new() }
}
