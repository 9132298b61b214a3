//! The grammar of a stage table, one for the macro and for table files.
//!
//! Tokens become an [`Ast`] with a span in every cell and setting ([`parse`]), and that a [`crate::Spec`] without spans
//! ([`lower`]). Spans are generic: rustc's in the macro, line and column in a file ([`parse_table`]). A [`Report`]
//! collects every [`crate::Mistake`], each at its own token; one never brings about another.

mod ast;
mod cursor;
mod lexer;
mod lower;
mod number;
mod parse;
mod read;
mod report;
mod rows;
mod settings;
mod slips;
mod table_file;
mod token;

#[cfg(test)]
mod slip_tests;
#[cfg(test)]
mod tests;

pub use ast::{Ast, AstRow, AstRowKind, Path, Setting, Value, ValueKind};
pub use lexer::{Position, lex};
pub use lower::{Lowered, RowSpans, lower};
pub use number::Number;
pub use parse::{Form, parse};
pub use report::Report;
pub use table_file::parse_table;
pub use token::{Group, Token, TokenKind};

pub use crate::delimiter::Delimiter;
