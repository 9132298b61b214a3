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
}

impl<'t, S: Copy> Cursor<'t, S> {
    pub(super) fn new(tokens: &'t [Token<S>], end: S) -> Self {
        Self { rest: tokens, end, stop: None }
    }

    /// The same place, in a list that ends before `stop`.
    pub(super) fn until(&self, stop: char) -> Self {
        Self { rest: self.rest, end: self.end, stop: Some(stop) }
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

    /// Takes the next token if it is this punctuation.
    pub(super) fn eat(&mut self, wanted: char) -> Option<&'t Token<S>> {
        self.peek().filter(|token| token.is_punct(wanted))?;
        self.next()
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

    /// Whether an item of the list can't go on here: at a comma or at the end.
    pub(super) fn at_item_end(&self) -> bool {
        self.peek().is_none_or(|token| token.is_punct(','))
    }

    /// Skips what is left of an item.
    pub(super) fn skip_item(&mut self) {
        while !self.at_item_end() {
            self.next();
        }
    }

    /// Takes the comma behind an item. Where it is missing and another item follows, says so and goes on with that
    /// item; anything else that stands there is reported and skipped.
    pub(super) fn end_item(&mut self, starts_item: impl Fn(&Self) -> bool, item: Item, report: &mut Report<S>) {
        if let Some(token) = self.peek()
            && !token.is_punct(',')
        {
            if starts_item(self) {
                report.error(token.span, Mistake::NoComma { next: token.describe() });
                return;
            }
            let mistake = match token.kind {
                TokenKind::Punct(operator @ ('+' | '-' | '*' | '/' | '%' | '.')) => {
                    Mistake::Arithmetic { item, operator }
                }
                _ => Mistake::AfterItem { item, found: token.describe() },
            };
            report.error(token.span, mistake);
            self.skip_item();
        }
        self.eat(',');
    }

    /// Whether the next token can begin a value.
    pub(super) fn at_value(&self) -> bool {
        self.peek().is_some_and(|token| !matches!(token.kind, TokenKind::Punct(_)))
    }
}
