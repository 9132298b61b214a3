//! Table files.

use std::fmt;

use super::lexer::{self, Position};
use super::parse::{self, Form};
use super::report::Report;
use super::{Lowered, lower};
use crate::{Error, Spec};

impl fmt::Display for Error<Position> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place: Position { line, column }, mistake } = self;
        write!(f, "line {line}, column {column}: {mistake}")
    }
}

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
///     "line 1, column 21: unknown operator `fussed`: did you mean `fused`? Expected one of `fused` (or 0), `mbconv` \
///      (or 1), `conv` (or 2)",
/// );
/// assert_eq!(errors[1].to_string(), "line 2, column 5: `kernel` is 4; it must be 3, 5 or 7");
/// ```
///
/// # Errors
/// Every mistake in the file, first to last.
pub fn parse_table(name: &str, text: &str) -> Result<Spec, Vec<Error<Position>>> {
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

fn sorted(mut errors: Vec<Error<Position>>) -> Vec<Error<Position>> {
    errors.sort_by_key(|error| error.place);
    errors
}
