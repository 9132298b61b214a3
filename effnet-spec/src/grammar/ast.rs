//! A table as it was written: every cell and setting with its span, nothing yet interpreted.

use super::number::Number;
use crate::delimiter::Delimiter;

/// A table's body.
#[derive(Clone, Debug)]
pub struct Ast<S> {
    /// The rows, first to last.
    pub rows: Vec<AstRow<S>>,
    /// The settings, in their order, doubles included.
    pub settings: Vec<Setting<S>>,
    /// The span that a mistake about the whole table points at.
    pub span: S,
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct AstRow<S> {
    /// The row's span.
    pub span: S,
    /// The row's form and contents.
    pub kind: AstRowKind<S>,
}

/// The two forms of a row.
#[derive(Clone, Debug)]
pub enum AstRowKind<S> {
    /// `[2, 3, 1, 1, 24, 24, fused, 0]`, options in braces among them.
    Cells(Vec<Value<S>>),
    /// `"r2_k3_s1_e1_i24_o24_c1"`
    BlockString(String),
    /// Something else, already reported. It keeps its place, so that the rows around it are not compared.
    Bad,
}

/// A setting: `key: value`.
#[derive(Clone, Debug)]
pub struct Setting<S> {
    /// Its name.
    pub key: String,
    /// The name's span.
    pub key_span: S,
    /// Its value.
    pub value: Value<S>,
}

/// A cell's or a setting's value.
#[derive(Clone, Debug)]
pub struct Value<S> {
    /// Its span.
    pub span: S,
    /// The value's kind and contents.
    pub kind: ValueKind<S>,
}

/// The kinds of a value.
#[derive(Clone, Debug)]
pub enum ValueKind<S> {
    /// `24`, `-0.5`, `8.4G`
    Number(Number),
    /// `fused`, or a path `a::b`.
    Path(Path<S>),
    /// `[0.485, 0.456, 0.406]`
    List(Vec<Value<S>>),
    /// `{ params: 22M }`
    Settings(Vec<Setting<S>>),
    /// A token that begins no value, as a message quotes it.
    Other(String),
    /// Nothing usable, already reported.
    Bad,
}

/// `fused`, `a::b` or `::a::b`.
#[derive(Clone, Debug)]
pub struct Path<S> {
    /// Whether it starts with `::`.
    pub global: bool,
    /// Its segments: at least one.
    pub segments: Vec<(String, S)>,
}

impl<S> Path<S> {
    /// The path's only segment.
    pub(super) fn as_word(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [(word, _)] if !self.global => Some(word),
            _ => None,
        }
    }
}

impl<S> Value<S> {
    /// Whether it is a cell that is left out: `_`.
    pub(super) fn is_left_out(&self) -> bool {
        matches!(&self.kind, ValueKind::Path(path) if path.as_word() == Some("_"))
    }

    /// The value as a message quotes it, without backticks.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            ValueKind::Number(number) => number.text.clone(),
            ValueKind::Path(path) => {
                let segments: Vec<&str> = path.segments.iter().map(|(segment, _)| segment.as_str()).collect();
                format!("{}{}", if path.global { "::" } else { "" }, segments.join("::"))
            }
            ValueKind::List(_) => Delimiter::Bracket.to_string(),
            ValueKind::Settings(_) => Delimiter::Brace.to_string(),
            ValueKind::Other(text) => text.clone(),
            ValueKind::Bad => String::new(),
        }
    }
}
