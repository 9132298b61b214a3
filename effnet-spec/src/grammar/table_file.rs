//! Table files.

use std::fmt;

use super::lexer::{self, Position};
use super::parse::{self, Form};
use super::report::{Error, Report};
use super::{Lowered, lower};
use crate::Spec;

/// A mistake in a table file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// Where it is.
    pub position: Position,
    /// One sentence that names the thing and says what is legal.
    pub message: String,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.position.line, self.position.column, self.message)
    }
}

impl std::error::Error for TextError {}

/// Reads a table file: what stands behind `struct Name` in the macro, `< rows > { settings }`, or just rows.
///
/// A byte order mark in front, as editors on Windows write it, is left out. A budget is checked as in the macro. The
/// setting `crate` says where generated code finds the runtime, and means nothing here.
///
/// ```
/// use effnet_spec::grammar::parse_table;
///
/// let spec = parse_table("tiny", "[1, 3, 2, 1, 8, 16, fused, 0], // a comment\n\"r2_k3_s2_e4_i16_o24_se0.25\"").unwrap();
/// assert_eq!(spec.rows.len(), 2);
///
/// let errors = parse_table("tiny", "[1, 3, 2, 1, 8, 16, fussed, 0],\n[1, 4, 1, 1, 16, 16, fused, 0]").unwrap_err();
/// assert_eq!(
///     errors[0].to_string(),
///     "line 1, column 21: unknown operator `fussed`: did you mean `fused`? Expected one of `fused` (or 0), `mbconv` (or 1)",
/// );
/// assert_eq!(errors[1].to_string(), "line 2, column 5: kernel is 4; it must be 3, 5 or 7");
/// ```
///
/// # Errors
/// Every mistake in the file, first to last.
pub fn parse_table(name: &str, text: &str) -> Result<Spec, Vec<TextError>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut report = Report::new();
    let (tokens, end) = lexer::lex(text, &mut report);
    report.finish().map_err(sorted)?;

    let mut report = Report::new();
    let ast = parse::parse(&tokens, end, Form::File, &mut report);
    let Lowered { spec, .. } = lower(name, &ast, &mut report);
    report.finish().map_err(sorted)?;
    Ok(spec)
}

fn sorted(errors: Vec<Error<Position>>) -> Vec<TextError> {
    let mut errors: Vec<_> =
        errors.into_iter().map(|Error { span, message }| TextError { position: span, message }).collect();
    errors.sort_by_key(|error| error.position);
    errors
}
