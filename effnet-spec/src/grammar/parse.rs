//! Tokens to AST. A mistake costs the item that it is in, never the items around it.

use super::ast::{Ast, AstRow, AstRowKind, Path, Setting, Value, ValueKind};
use super::cursor::Cursor;
use super::messages;
use super::number::Number;
use super::report::Report;
use super::token::{Delimiter, Group, Token, TokenKind};

/// Where a table's body stands, which decides what may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Behind `struct Name`: `< rows >`, then `;` or `{ settings }`.
    Struct,
    /// The macro's shorthand: `< rows >`, then settings or nothing.
    Short,
    /// A file of its own: as the shorthand, or just rows.
    File,
}

/// Parses a table's body. Mistakes go to `report`; what they spoil is `Bad` in the AST.
///
/// `end` is what a mistake points at when the tokens end too early.
pub fn parse<S: Copy>(tokens: &[Token<S>], end: S, form: Form, report: &mut Report<S>) -> Ast<S> {
    let mut cursor = Cursor::new(tokens, end);
    let span = cursor.span();
    let mut ast = Ast { rows: Vec::new(), settings: Vec::new(), span };
    if cursor.eat('<').is_some() {
        let mut inside = cursor.until('>');
        ast.rows = rows(&mut inside, report);
        cursor.resume(&inside);
        if cursor.eat('>').is_none() {
            report.error(cursor.span(), messages::unclosed_table());
            if cursor.peek().is_none() {
                return ast;
            }
        }
        ast.settings = tail(&mut cursor, form, report);
    } else if form == Form::File {
        ast.rows = rows(&mut cursor, report);
        if cursor.peek().is_some() {
            report.error(cursor.span(), messages::settings_without_table());
        }
    } else {
        report.error(span, messages::no_table());
        ast.rows = vec![AstRow { span, kind: AstRowKind::Bad }];
    }
    ast
}

/// What follows `>`.
fn tail<S: Copy>(cursor: &mut Cursor<'_, S>, form: Form, report: &mut Report<S>) -> Vec<Setting<S>> {
    let mut found = Vec::new();
    match cursor.peek().map(|token| &token.kind) {
        Some(TokenKind::Group(group)) if group.delimiter == Delimiter::Brace => {
            found = settings(&mut Cursor::new(&group.tokens, group.close), report);
            cursor.next();
        }
        Some(TokenKind::Punct(';')) => {
            cursor.next();
        }
        None if form == Form::Struct => report.error(cursor.span(), messages::no_end_of_struct()),
        _ => {}
    }
    if let Some(token) = cursor.peek() {
        report.error(token.span, messages::unexpected_after_table(&token.describe()));
    }
    found
}

fn rows<S: Copy>(cursor: &mut Cursor<'_, S>, report: &mut Report<S>) -> Vec<AstRow<S>> {
    let mut rows = Vec::new();
    // Settings end a table, whether it is closed or not.
    while let Some(token) = cursor.peek().filter(|_| !cursor.at_settings()) {
        let span = token.span;
        let kind = match &token.kind {
            TokenKind::Group(group) => {
                if group.delimiter == Delimiter::Parenthesis {
                    report.error(span, messages::row_in_parentheses());
                }
                AstRowKind::Cells(values(&mut Cursor::new(&group.tokens, group.close), "cell", report))
            }
            TokenKind::Text(text) => AstRowKind::BlockString(text.clone()),
            TokenKind::Punct('#') => {
                report.error(span, messages::attribute_in_table());
                cursor.next();
                if matches!(cursor.peek().map(|token| &token.kind), Some(TokenKind::Group(_))) {
                    cursor.next();
                }
                continue;
            }
            TokenKind::Punct(',') => {
                report.error(span, messages::no_row());
                cursor.next();
                continue;
            }
            _ => {
                report.error(span, messages::not_a_row(&token.describe()));
                AstRowKind::Bad
            }
        };
        if matches!(kind, AstRowKind::Bad) {
            cursor.skip_item();
        } else {
            cursor.next();
        }
        rows.push(AstRow { span, kind });
        if !cursor.at_settings() {
            cursor.end_item(Cursor::at_row, "row", report);
        }
    }
    rows
}

impl<S: Copy> Cursor<'_, S> {
    fn at_row(&self) -> bool {
        match self.peek().map(|token| &token.kind) {
            Some(TokenKind::Group(_)) => !self.at_settings(),
            Some(TokenKind::Text(_) | TokenKind::Punct('#')) => true,
            _ => false,
        }
    }

    fn at_settings(&self) -> bool {
        matches!(
            self.peek().map(|token| &token.kind),
            Some(TokenKind::Group(Group { delimiter: Delimiter::Brace, .. }))
        )
    }

    fn at_setting(&self) -> bool {
        matches!(self.peek().map(|token| &token.kind), Some(TokenKind::Word(_)))
            && self.second().is_some_and(|token| token.is_punct(':'))
    }
}

fn values<S: Copy>(cursor: &mut Cursor<'_, S>, item: &str, report: &mut Report<S>) -> Vec<Value<S>> {
    let mut values = Vec::new();
    while cursor.peek().is_some() {
        values.push(value(cursor, item, report));
        cursor.end_item(Cursor::at_value, item, report);
    }
    values
}

/// Reads a value, and reports where there is none.
fn value<S: Copy>(cursor: &mut Cursor<'_, S>, item: &str, report: &mut Report<S>) -> Value<S> {
    let span = cursor.span();
    if cursor.at_item_end() {
        report.error(span, messages::no_value(item));
        return Value { span, kind: ValueKind::Bad };
    }
    let negative = cursor.eat('-').is_some();
    let global = cursor.eat_path_separator();
    let kind = match cursor.next().map(|token| (&token.kind, token)) {
        Some((TokenKind::Number(literal), _)) if !global => match Number::parse(literal, negative) {
            Ok(number) => ValueKind::Number(number),
            Err(message) => {
                report.error(span, message);
                ValueKind::Bad
            }
        },
        Some((TokenKind::Word(word), token)) if !negative => {
            let mut segments = vec![(word.clone(), token.span)];
            while cursor.eat_path_separator() {
                let span = cursor.span();
                match cursor.peek().map(|token| &token.kind) {
                    Some(TokenKind::Word(word)) => segments.push((word.clone(), span)),
                    _ => {
                        report.error(span, messages::path_without_segment());
                        cursor.skip_item();
                        return Value { span, kind: ValueKind::Bad };
                    }
                }
                cursor.next();
            }
            ValueKind::Path(Path { global, segments })
        }
        Some((TokenKind::Group(group), _)) if !negative && !global && group.delimiter != Delimiter::Parenthesis => {
            let mut inside = Cursor::new(&group.tokens, group.close);
            match group.delimiter {
                Delimiter::Brace => ValueKind::Settings(settings(&mut inside, report)),
                _ => ValueKind::List(values(&mut inside, "number", report)),
            }
        }
        Some((TokenKind::Text(_) | TokenKind::Other(_), token)) if !negative && !global => {
            ValueKind::Other(token.describe())
        }
        other => {
            let found = other.map_or_else(|| "-".to_owned(), |(_, token)| token.describe());
            report.error(span, messages::not_a_value(&found));
            cursor.skip_item();
            ValueKind::Bad
        }
    };
    Value { span, kind }
}

fn settings<S: Copy>(cursor: &mut Cursor<'_, S>, report: &mut Report<S>) -> Vec<Setting<S>> {
    let mut settings = Vec::new();
    while let Some(token) = cursor.next() {
        let TokenKind::Word(key) = &token.kind else {
            report.error(token.span, messages::not_a_setting(&token.describe()));
            cursor.skip_item();
            cursor.eat(',');
            continue;
        };
        if cursor.eat(':').is_none() {
            report.error(cursor.span(), messages::no_colon(key));
            if cursor.eat('=').is_none() {
                cursor.skip_item();
                cursor.eat(',');
                continue;
            }
        }
        let value = value(cursor, key, report);
        settings.push(Setting { key: key.clone(), key_span: token.span, value });
        cursor.end_item(Cursor::at_setting, "setting", report);
    }
    settings
}
