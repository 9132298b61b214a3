//! Text to tokens, as rustc's lexer would have it.

use super::report::Report;
use super::token::{Group, Token, TokenKind};
use crate::Mistake;
use crate::delimiter::Delimiter;

/// A place in a text: line and column from 1, a column being one character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// A delimiter that was opened, and the tokens around it.
struct Open {
    delimiter: Delimiter,
    at: Position,
    outside: Vec<Token<Position>>,
}

struct Lexer<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    at: Position,
    tokens: Vec<Token<Position>>,
    open: Vec<Open>,
}

/// Splits a text into tokens. `//` comments run to the end of the line.
///
/// Returns them with the position of the text's end. Mistakes go to `report`; after one, the tokens are not to be
/// parsed.
pub fn lex(text: &str, report: &mut Report<Position>) -> (Vec<Token<Position>>, Position) {
    let mut lexer = Lexer {
        rest: text.chars().peekable(),
        at: Position { line: 1, column: 1 },
        tokens: Vec::new(),
        open: Vec::new(),
    };
    while let Some(&next) = lexer.rest.peek() {
        lexer.token(next, report);
    }
    for open in lexer.open {
        report.error(open.at, Mistake::Unclosed { delimiter: open.delimiter });
    }
    (lexer.tokens, lexer.at)
}

impl Lexer<'_> {
    fn token(&mut self, next: char, report: &mut Report<Position>) {
        let at = self.at;
        let kind = match next {
            _ if next.is_whitespace() => {
                self.bump();
                return;
            }
            '"' => match self.string() {
                Some(text) => TokenKind::Text(text),
                None => return report.error(at, Mistake::UnclosedString),
            },
            '(' => return self.open(Delimiter::Parenthesis),
            '[' => return self.open(Delimiter::Bracket),
            '{' => return self.open(Delimiter::Brace),
            ')' => return self.close(Delimiter::Parenthesis, report),
            ']' => return self.close(Delimiter::Bracket, report),
            '}' => return self.close(Delimiter::Brace, report),
            _ if next.is_ascii_digit() => TokenKind::Number(self.number()),
            _ if next.is_alphabetic() || next == '_' => TokenKind::Word(self.word()),
            _ => {
                self.bump();
                if next == '/' && self.rest.peek() == Some(&'/') {
                    self.take_while(|character| character != '\n');
                    return;
                }
                TokenKind::Punct(next)
            }
        };
        self.tokens.push(Token { kind, span: at });
    }

    fn bump(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        if character == '\n' {
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some(character)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while self.rest.peek().is_some_and(|&character| wanted(character)) {
            taken.extend(self.bump());
        }
        taken
    }

    fn word(&mut self) -> String {
        self.take_while(|character| character.is_alphanumeric() || character == '_')
    }

    /// Digits, a point, more digits, an exponent with its sign, and a suffix: `8.4G`, `1e-3`.
    fn number(&mut self) -> String {
        let mut text = self.word();
        if self.rest.peek() == Some(&'.') && !text.contains(|character: char| character.is_alphabetic()) {
            text.extend(self.bump());
            text += &self.word();
        }
        if text.ends_with(['e', 'E']) && matches!(self.rest.peek(), Some('+' | '-')) {
            text.extend(self.bump());
            text += &self.word();
        }
        text
    }

    /// The text between quotes on one line; block strings have no use for escapes.
    fn string(&mut self) -> Option<String> {
        self.bump();
        let text = self.take_while(|character| character != '"' && character != '\n');
        self.rest.next_if_eq(&'"').map(|_| {
            self.at.column += 1;
            text
        })
    }

    fn open(&mut self, delimiter: Delimiter) {
        let at = self.at;
        self.bump();
        self.open.push(Open { delimiter, at, outside: std::mem::take(&mut self.tokens) });
    }

    fn close(&mut self, delimiter: Delimiter, report: &mut Report<Position>) {
        let close = self.at;
        self.bump();
        match self.open.pop() {
            Some(open) => {
                if open.delimiter != delimiter {
                    report.error(close, Mistake::WrongClose { found: delimiter, opened: open.delimiter });
                }
                let tokens = std::mem::replace(&mut self.tokens, open.outside);
                let group = Group { delimiter: open.delimiter, tokens, open: open.at, close };
                self.tokens.push(Token { kind: TokenKind::Group(group), span: open.at });
            }
            None => report.error(close, Mistake::NothingToClose { found: delimiter }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut report = Report::new();
        let (tokens, _) = lex(text, &mut report);
        report.finish().expect("no mistake");
        tokens.iter().map(|token| format!("{}:{} {}", token.span.line, token.span.column, token.describe())).collect()
    }

    #[test]
    fn tokens_carry_line_and_column() {
        assert_eq!(tokens("a: 1e-3, // no\n  8.4G"), ["1:1 a", "1:2 :", "1:4 1e-3", "1:8 ,", "2:3 8.4G"]);
        assert_eq!(tokens("\"r2_k3\"[1]"), ["1:1 \"r2_k3\"", "1:8 [ … ]"]);
    }

    #[test]
    fn delimiters_must_match() {
        for (text, errors) in [("[1", 1), ("1]", 1), ("[1}", 1), ("[[", 2), ("\"abc\n\"", 2)] {
            let mut report = Report::new();
            lex(text, &mut report);
            assert_eq!(report.finish().expect_err(text).len(), errors, "{text}");
        }
    }
}
