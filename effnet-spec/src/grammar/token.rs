//! Tokens, as trees: what the parser reads, whether they come from a macro call or from a text file.

use crate::delimiter::Delimiter;

/// A token, or a whole delimited group.
#[derive(Clone, Debug)]
pub struct Token<S> {
    /// The token's kind and contents.
    pub kind: TokenKind<S>,
    /// Where it is: a whole group, if it is one.
    pub span: S,
}

/// The kinds of a token.
#[derive(Clone, Debug)]
pub enum TokenKind<S> {
    /// An identifier or keyword.
    Word(String),
    /// A number literal as it is written, with its suffix: `24`, `1e-3`, `8.4G`.
    Number(String),
    /// A string literal's content.
    Text(String),
    /// One punctuation character. `::` is two of them.
    Punct(char),
    /// Tokens between delimiters.
    Group(Group<S>),
    /// Another literal, as it is written. It means nothing in a table.
    Other(String),
}

/// Tokens between delimiters.
#[derive(Clone, Debug)]
pub struct Group<S> {
    /// The kind of the delimiters.
    pub delimiter: Delimiter,
    /// The tokens between them.
    pub tokens: Vec<Token<S>>,
    /// Where the opening delimiter is.
    pub open: S,
    /// Where the closing delimiter is.
    pub close: S,
}

impl<S> Token<S> {
    pub(super) fn is_punct(&self, wanted: char) -> bool {
        matches!(self.kind, TokenKind::Punct(found) if found == wanted)
    }

    /// The token as a message quotes it, without backticks.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            TokenKind::Word(text) | TokenKind::Number(text) | TokenKind::Other(text) => text.clone(),
            TokenKind::Text(text) => format!("{text:?}"),
            TokenKind::Punct(character) => character.to_string(),
            TokenKind::Group(group) => group.delimiter.to_string(),
        }
    }
}
