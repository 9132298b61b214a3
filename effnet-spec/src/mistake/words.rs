//! The parts of sentences that depend on a mistake's data.

use std::fmt;

use super::aliases::{Meaning, meaning, plain};
use super::{Mistake, block_key};
use crate::named;
use crate::{Column, Limit, Row, suggest};

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

/// Where the documentation lists what the DSL leaves out.
pub(super) const BEYOND: &str = "see \"What the DSL will not say\" in the documentation of `efficientnet_v2!`";

/// What to make of `found` where a `what` is expected: the name that was meant, if one is likely, and those that are
/// legal.
pub(super) fn expected(what: &str, found: &str, names: &[(&str, &str)]) -> String {
    let known = || names.iter().map(|(name, _)| *name);
    let likely = || {
        // A path such as `Activation::Silu` means its last name, and quotes mean what they quote.
        let word = found.rsplit("::").next().unwrap_or(found).trim_matches('"');
        let spelt = known().find(|name| plain(name) == plain(word));
        spelt.or_else(|| suggest(word, known()))
    };
    let (meant, note) = match meaning(what, found) {
        Some(Meaning::Elsewhere(instead)) => return instead.to_owned(),
        Some(Meaning::Beyond(things)) => {
            return format!("the DSL has no {things} ({BEYOND}); expected one of {}", list(names));
        }
        Some(Meaning::Known) => (None, String::new()),
        Some(Meaning::Name(name)) => (known().find(|known| *known == name), String::new()),
        Some(Meaning::Like(name, note)) => (known().find(|known| *known == name), format!(" ({note})")),
        None => (likely(), String::new()),
    };
    match meant {
        Some(meant) => {
            format!("{}did you mean `{meant}`{note}? Expected one of {}", foreign_letter(found), list(names))
        }
        None => crate::expected(None, &list(names)),
    }
}

/// The letter that sets a word apart from the name that it looks like.
fn foreign_letter(found: &str) -> String {
    let letter = found.chars().find(|letter| !letter.is_ascii());
    letter.map_or_else(String::new, |letter| format!("its `{letter}` is U+{:04X}, which no name has; ", letter as u32))
}

/// The character that was meant, where one stands that only looks like it.
pub(super) fn lookalike(found: &str) -> String {
    let meant = match found.chars().next() {
        Some('−' | '–' | '—') => '-',
        Some('“' | '”' | '„' | '‘' | '’' | '«' | '»') => '"',
        Some('，' | '、') => ',',
        Some('：') => ':',
        _ => return String::new(),
    };
    format!("; write `{meant}` for it")
}

/// A number of pixels in 0..=255 as one of pixels in 0..=1.
pub(super) fn in_unit(values: &[f64]) -> String {
    let unit = values.iter().map(|&value| if value > 1.0 { (value / 255.0 * 1e4).round() / 1e4 } else { value });
    let unit: Vec<String> = unit.map(|value| value.to_string()).collect();
    if let [one] = unit.as_slice() { one.clone() } else { format!("[{}]", unit.join(", ")) }
}

/// A momentum in TensorFlow's sense as one in PyTorch's.
pub(super) fn new_share(momentum: f64) -> f64 {
    ((1.0 - momentum) * 1e6).round() / 1e6
}

/// Words for an array of equal elements, which stands for a row or for a list.
pub(super) fn spelt_out(item: Item, element: &str) -> String {
    match item {
        Item::Number => format!("write `{element}`, which alone is for all channels"),
        _ => format!("write each {item}"),
    }
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

/// What to do instead, where a value is the name of a constant.
pub(super) fn names_stay_names(text: &str) -> &'static str {
    let is_constant = text.starts_with(|first: char| first.is_uppercase()) && text != "None" || text.contains("::");
    if is_constant {
        "; a table sees a name, not its value: write the number, or let a `macro_rules!` put it in"
    } else {
        ""
    }
}

/// A number as messages quote it, not with hundreds of zeros.
pub(super) fn short(number: String) -> String {
    match number.parse::<f64>() {
        Ok(value) if number.len() > 24 => format!("{value:e}"),
        _ => number,
    }
}
