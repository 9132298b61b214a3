//! Tokens to AST. A mistake costs the item that it is in, never the items around it.

use super::ast::{Ast, AstRow, AstRowKind, Path, Setting, Value, ValueKind};
use super::cursor::Cursor;
use super::number::Number;
use super::report::Report;
use super::token::{Group, Token, TokenKind};
use crate::delimiter::Delimiter;
use crate::{Error, Item, Mistake};

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
            report.error(cursor.span(), Mistake::UnclosedTable);
            if cursor.peek().is_none() {
                return ast;
            }
        }
        ast.settings = tail(&mut cursor, form, report);
    } else if form == Form::File {
        ast.rows = rows(&mut cursor, report);
        if cursor.peek().is_some() {
            report.error(cursor.span(), Mistake::SettingsWithoutTable);
        }
    } else {
        report.error(span, Mistake::NoTable);
        ast.rows = vec![AstRow { span, kind: AstRowKind::Bad }];
    }
    ast
}

/// Parses the tokens behind `>`: the settings, or `;`.
fn tail<S: Copy>(cursor: &mut Cursor<'_, S>, form: Form, report: &mut Report<S>) -> Vec<Setting<S>> {
    let mut found = Vec::new();
    match cursor.kind() {
        Some(TokenKind::Group(group)) if group.delimiter == Delimiter::Brace => {
            found = settings(&mut Cursor::new(&group.tokens, group.close), report);
            cursor.next();
        }
        Some(TokenKind::Punct(';')) => drop(cursor.next()),
        None if form == Form::Struct => report.error(cursor.span(), Mistake::NoEndOfStruct),
        _ => {}
    }
    if let Some(token) = cursor.peek() {
        let found = token.describe();
        let mistake = match found.as_str() {
            "pub" | "struct" | "#" => Mistake::AnotherModel { found },
            _ => Mistake::AfterTable { found },
        };
        report.error(token.span, mistake);
    }
    found
}

fn rows<S: Copy>(cursor: &mut Cursor<'_, S>, report: &mut Report<S>) -> Vec<AstRow<S>> {
    let mut rows = Vec::new();
    // Settings end a table, whether it is closed or not.
    while !cursor.at_settings()
        && let Some(token) = cursor.next()
    {
        let span = token.span;
        let kind = match &token.kind {
            TokenKind::Group(group) => {
                if group.delimiter == Delimiter::Parenthesis {
                    report.error(span, Mistake::RowInParentheses);
                }
                AstRowKind::Cells(values(&mut Cursor::new(&group.tokens, group.close), Item::Cell, report))
            }
            TokenKind::Text(text) => AstRowKind::BlockString(text.clone()),
            TokenKind::Punct('#') => {
                report.error(span, Mistake::AttributeInTable);
                if matches!(cursor.kind(), Some(TokenKind::Group(_))) {
                    cursor.next();
                }
                continue;
            }
            TokenKind::Punct(',') => {
                report.error(span, Mistake::NoRow);
                continue;
            }
            _ => {
                report.error(span, Mistake::NotARow { found: token.describe() });
                cursor.skip_item();
                AstRowKind::Bad
            }
        };
        rows.push(AstRow { span, kind });
        if !cursor.at_settings() {
            cursor.end_item(Cursor::at_row, Item::Row, report);
        }
    }
    rows
}

impl<S: Copy> Cursor<'_, S> {
    fn at_row(&self) -> bool {
        match self.kind() {
            Some(TokenKind::Group(_)) => !self.at_settings(),
            Some(TokenKind::Text(_) | TokenKind::Punct('#')) => true,
            _ => false,
        }
    }

    fn at_settings(&self) -> bool {
        matches!(self.kind(), Some(TokenKind::Group(Group { delimiter: Delimiter::Brace, .. })))
    }

    fn at_setting(&self) -> bool {
        matches!(self.kind(), Some(TokenKind::Word(_))) && self.second().is_some_and(|token| token.is_punct(':'))
    }
}

fn values<S: Copy>(cursor: &mut Cursor<'_, S>, item: Item, report: &mut Report<S>) -> Vec<Value<S>> {
    let mut values = Vec::new();
    while cursor.peek().is_some() {
        values.push(value(cursor, || Mistake::NoItem { item }, report));
        cursor.end_item(Cursor::at_value, item, report);
    }
    values
}

/// Reads a value. Where there is none, the mistake is `missing`.
fn value<S: Copy>(cursor: &mut Cursor<'_, S>, missing: impl FnOnce() -> Mistake, report: &mut Report<S>) -> Value<S> {
    let span = cursor.span();
    let kind =
        if cursor.at_item_end() { Err(Error { place: span, mistake: missing() }) } else { value_kind(cursor, report) };
    let kind = kind.unwrap_or_else(|Error { place, mistake }| {
        report.error(place, mistake);
        cursor.skip_item();
        ValueKind::Bad
    });
    Value { span, kind }
}

/// Reads what is not at the end of an item. An error says that what follows in the item means nothing.
fn value_kind<S: Copy>(cursor: &mut Cursor<'_, S>, report: &mut Report<S>) -> Result<ValueKind<S>, Error<S>> {
    let start = cursor.span();
    let error = |place, mistake| Err(Error { place, mistake });
    let negative = cursor.eat('-').is_some();
    let global = cursor.eat_path_separator();
    let Some(token) = cursor.next() else {
        return error(start, Mistake::NotAValue { found: if global { "::" } else { "-" }.to_owned() });
    };
    let kind = match &token.kind {
        TokenKind::Number(literal) if !global => match Number::parse(literal, negative) {
            Ok(number) => ValueKind::Number(number),
            Err(mistake) => {
                report.error(start, mistake);
                ValueKind::Bad
            }
        },
        TokenKind::Word(word) if !negative => {
            let mut segments = vec![(word.clone(), token.span)];
            while cursor.eat_path_separator() {
                let span = cursor.span();
                let Some(TokenKind::Word(word)) = cursor.kind() else {
                    return error(span, Mistake::PathWithoutEnd);
                };
                segments.push((word.clone(), span));
                cursor.next();
            }
            ValueKind::Path(Path { global, segments })
        }
        TokenKind::Group(group) if group.delimiter == Delimiter::Parenthesis => {
            return error(start, Mistake::Parentheses);
        }
        TokenKind::Group(group) if !negative && !global => {
            let mut inside = Cursor::new(&group.tokens, group.close);
            match group.delimiter {
                Delimiter::Brace => ValueKind::Settings(settings(&mut inside, report)),
                _ => ValueKind::List(values(&mut inside, Item::Number, report)),
            }
        }
        TokenKind::Text(_) | TokenKind::Other(_) if !negative && !global => ValueKind::Other(token.describe()),
        TokenKind::Punct('.') => return error(start, Mistake::NoDigit),
        _ => return error(start, Mistake::NotAValue { found: token.describe() }),
    };
    Ok(kind)
}

fn settings<S: Copy>(cursor: &mut Cursor<'_, S>, report: &mut Report<S>) -> Vec<Setting<S>> {
    let mut settings = Vec::new();
    while let Some(token) = cursor.next() {
        let TokenKind::Word(key) = &token.kind else {
            report.error(token.span, Mistake::NotASetting { found: token.describe() });
            cursor.skip_item();
            cursor.eat(',');
            continue;
        };
        if cursor.eat(':').is_none() {
            report.error(cursor.span(), Mistake::NoColon { key: key.clone() });
            if cursor.eat('=').is_none() {
                cursor.skip_item();
                cursor.eat(',');
                continue;
            }
        }
        let value = value(cursor, || Mistake::NoValue { key: key.clone() }, report);
        settings.push(Setting { key: key.clone(), key_span: token.span, value });
        cursor.end_item(Cursor::at_setting, Item::Setting, report);
    }
    settings
}
