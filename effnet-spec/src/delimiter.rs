//! Pairs of brackets.

use std::fmt;

/// A pair of delimiters. Displayed, it is a whole group as a message quotes it: `( … )`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// `( … )`
    Parenthesis,
    /// `[ … ]`
    Bracket,
    /// `{ … }`
    Brace,
}

impl Delimiter {
    const fn pair(self) -> (char, char) {
        match self {
            Self::Parenthesis => ('(', ')'),
            Self::Bracket => ('[', ']'),
            Self::Brace => ('{', '}'),
        }
    }

    pub(crate) const fn open(self) -> char {
        self.pair().0
    }

    pub(crate) const fn close(self) -> char {
        self.pair().1
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} … {}", self.open(), self.close())
    }
}
