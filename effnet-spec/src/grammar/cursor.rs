//! A place in a list of tokens, and how parsing goes on after a mistake.

use super::report::Report;
use super::token::{Token, TokenKind};
use crate::{Item, Mistake};

/// The tokens that are still to be read.
pub(super) struct Cursor<'t, S> {
    rest: &'t [Token<S>],
    /// The span that a mistake points at where the tokens have come to their end.
    end: S,
    /// Where the list ends early: `>` for a table's rows.
    stop: Option<char>,
    /// What is known of the list's separators.
    separators: Separators,
}

/// What has been seen, or told, of what separates a list's items. A wrong habit is one mistake, told once.
#[derive(Clone, Copy, Default)]
struct Separators {
    comma: bool,
    semicolon_told: bool,
    none_told: bool,
    /// The next comma is missing, which has been told.
    next_told: bool,
}

impl<'t, S: Copy> Cursor<'t, S> {
    pub(super) fn new(tokens: &'t [Token<S>], end: S) -> Self {
        Self { rest: tokens, end, stop: None, separators: Separators::default() }
    }

    /// The same place, in a list that ends before `stop`.
    pub(super) fn until(&self, stop: char) -> Self {
        Self { stop: Some(stop), ..Self::new(self.rest, self.end) }
    }

    /// Ends the list before this punctuation, if it is the list's last token.
    pub(super) fn end_before(&mut self, last: char) {
        if let Some((token, rest)) = self.rest.split_last()
            && token.is_punct(last)
        {
            (self.rest, self.end) = (rest, token.span);
        }
    }

    /// Continues where a list that [`Cursor::until`] began has come to its end.
    pub(super) fn resume(&mut self, list: &Self) {
        self.rest = list.rest;
    }

    pub(super) fn peek(&self) -> Option<&'t Token<S>> {
        self.rest.first().filter(|token| !self.stop.is_some_and(|stop| token.is_punct(stop)))
    }

    /// The kind of the next token.
    pub(super) fn kind(&self) -> Option<&'t TokenKind<S>> {
        self.peek().map(|token| &token.kind)
    }

    pub(super) fn second(&self) -> Option<&'t Token<S>> {
        self.rest.get(1)
    }

    pub(super) fn next(&mut self) -> Option<&'t Token<S>> {
        let token = self.peek()?;
        self.rest = &self.rest[1..];
        Some(token)
    }

    /// Skips this many tokens.
    pub(super) fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    /// Takes the next token if it is this punctuation.
    pub(super) fn eat(&mut self, wanted: char) -> Option<&'t Token<S>> {
        self.peek().filter(|token| token.is_punct(wanted))?;
        self.next()
    }

    /// Takes what makes a word the call of a macro: `! ( … )`.
    pub(super) fn eat_macro_call(&mut self) -> bool {
        let found = self.peek().is_some_and(|token| token.is_punct('!'))
            && self.second().is_some_and(|token| matches!(token.kind, TokenKind::Group(_)));
        if found {
            self.rest = &self.rest[2..];
        }
        found
    }

    /// Takes the next two tokens if they are `::`.
    pub(super) fn eat_path_separator(&mut self) -> bool {
        let found = self.peek().is_some_and(|token| token.is_punct(':'))
            && self.second().is_some_and(|token| token.is_punct(':'));
        if found {
            self.rest = &self.rest[2..];
        }
        found
    }

    /// The next token's span; at the end, what closes the list.
    pub(super) fn span(&self) -> S {
        self.rest.first().map_or(self.end, |token| token.span)
    }

    /// The tokens that are left of the list.
    pub(super) fn rest(&self) -> &'t [Token<S>] {
        let end = self.rest.iter().position(|token| self.stop.is_some_and(|stop| token.is_punct(stop)));
        &self.rest[..end.unwrap_or(self.rest.len())]
    }

    /// Whether an item of the list can't go on here: at a comma, at a semicolon in its place, or at the end.
    pub(super) fn at_item_end(&self) -> bool {
        self.peek().is_none_or(|token| token.is_punct(',') || token.is_punct(';'))
    }

    /// Skips what is left of an item.
    pub(super) fn skip_item(&mut self) {
        while !self.at_item_end() {
            self.next();
        }
    }

    /// Takes the comma behind an item. Where it is missing and another item follows, says so and goes on with that
    /// item; `;` is told and taken for it; anything else that stands there is reported and skipped.
    ///
    /// Returns whether the item is as it was read: what was skipped may have belonged to its value.
    pub(super) fn end_item(&mut self, starts_item: impl Fn(&Self) -> bool, item: Item, report: &mut Report<S>) -> bool {
        let Some(token) = self.peek() else { return true };
        let mut whole = true;
        if !self.at_item_end() {
            let cast = matches!(&token.kind, TokenKind::Word(word) if word == "as");
            if !cast && starts_item(self) {
                self.miss_comma(token, item, report);
                return true;
            }
            report.error(token.span, self.unexpected(token, cast, item));
            whole = cast;
            self.skip_item();
        }
        self.take_separator(item, report);
        whole
    }

    /// Says that there is no comma: once for a list that has none at all.
    fn miss_comma(&mut self, token: &Token<S>, item: Item, report: &mut Report<S>) {
        if std::mem::take(&mut self.separators.next_told) || self.separators.none_told {
            return;
        }
        let next = token.describe();
        let rest = self.rest();
        let nowhere = !self.separators.comma && !rest.iter().any(|token| token.is_punct(','));
        self.separators.none_told = nowhere && item != Item::Setting && rest.len() > 1;
        let mistake = match self.separators.none_told {
            true => Mistake::NoCommas { item, next },
            false => Mistake::NoComma { next },
        };
        report.error(token.span, mistake);
    }

    /// Lets the next comma be missing.
    pub(super) fn pardon_comma(&mut self) {
        self.separators.next_told = true;
    }

    fn unexpected(&self, token: &Token<S>, cast: bool, item: Item) -> Mistake {
        let found = token.describe();
        match token.kind {
            _ if cast => {
                let to = self.second().map_or_else(String::new, |token| format!(" {}", token.describe()));
                Mistake::Cast { cast: format!("{found}{to}") }
            }
            TokenKind::Punct('%') if self.second().is_none_or(|token| token.is_punct(',')) => Mistake::Percent,
            TokenKind::Punct(operator @ ('+' | '-' | '*' | '/' | '%' | '.' | '<' | '>' | '&' | '|' | '^')) => {
                Mistake::Arithmetic { item, operator }
            }
            _ => Mistake::AfterItem { item, found },
        }
    }

    /// Takes the comma behind an item, or `;`, which is told.
    pub(super) fn take_separator(&mut self, item: Item, report: &mut Report<S>) {
        if let Some(token) = self.eat(';') {
            if !std::mem::replace(&mut self.separators.semicolon_told, true) {
                report.error(token.span, Mistake::Semicolon { item });
            }
        } else if self.eat(',').is_some() {
            self.separators.comma = true;
        }
    }

    /// Whether the next token can begin a value.
    pub(super) fn at_value(&self) -> bool {
        self.peek().is_some_and(|token| !matches!(token.kind, TokenKind::Punct(_)))
    }
}
