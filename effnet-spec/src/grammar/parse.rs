//! Tokens to AST. A mistake costs the item that it is in, never the items around it.

use super::ast::{Ast, AstRow, AstRowKind, Path, Setting, Value, ValueKind};
use super::cursor::Cursor;
use super::number::Number;
use super::report::Report;
use super::slips::{self, Front, Meant};
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
    slips::generics(&mut cursor, report);
    let front = match form {
        // Rows may stand alone.
        Form::File if !matches!(cursor.kind(), Some(TokenKind::Word(_))) => Front::Nothing,
        _ => slips::front(&mut cursor, report),
    };
    if let Front::Rows(group) = front {
        ast.rows = rows(&mut Cursor::new(&group.tokens, group.close), report);
        // As a struct of Rust, braces end the model too.
        if group.delimiter != Delimiter::Brace || cursor.peek().is_some() {
            ast.settings = tail(&mut cursor, form, report);
        }
    } else if cursor.eat('<').is_some() {
        let mut inside = cursor.until('>');
        ast.rows = rows(&mut inside, report);
        cursor.resume(&inside);
        let closed = cursor.eat('>').is_some();
        if !closed {
            report.error(cursor.span(), Mistake::UnclosedTable);
            bad_if_empty(&mut ast.rows, span);
        }
        match front {
            Front::Settings(group) if cursor.peek().is_none() => ast.settings = settings_of(group, report),
            _ if closed || cursor.peek().is_some() => ast.settings = tail(&mut cursor, form, report),
            _ => {}
        }
    } else if form == Form::File {
        ast.rows = rows(&mut cursor, report);
        if cursor.peek().is_some() {
            report.error(cursor.span(), Mistake::SettingsWithoutTable);
        }
    } else {
        report.error(span, Mistake::NoTable);
        bad_if_empty(&mut ast.rows, span);
    }
    ast
}

/// Parses the tokens behind `>`: the settings, or `;`.
fn tail<S: Copy>(cursor: &mut Cursor<'_, S>, form: Form, report: &mut Report<S>) -> Vec<Setting<S>> {
    let mut found = None;
    match cursor.kind() {
        Some(TokenKind::Group(group)) if group.delimiter == Delimiter::Brace => {
            found = Some(settings_of(group, report));
            cursor.next();
            if let Some(token) = cursor.eat(';') {
                report.error(token.span, Mistake::SemicolonBehindSettings);
            }
        }
        Some(TokenKind::Punct(';')) => drop(cursor.next()),
        Some(TokenKind::Word(_)) if cursor.at_setting() => {
            report.error(cursor.span(), Mistake::BareSettings);
            cursor.end_before(';');
            return settings(cursor, report);
        }
        None if form == Form::Struct => report.error(cursor.span(), Mistake::NoEndOfStruct),
        _ => {}
    }
    if let Some(token) = cursor.peek() {
        let word = token.describe();
        if matches!(word.as_str(), "pub" | "struct" | "#") {
            report.error(token.span, Mistake::AnotherModel { found: word });
        } else {
            report.error(token.span, Mistake::AfterTable { found: word });
            while found.is_none() && cursor.peek().is_some() {
                found = cursor.eat_settings().map(|group| settings_of(group, report));
            }
        }
    }
    found.unwrap_or_default()
}

fn settings_of<S: Copy>(group: &Group<S>, report: &mut Report<S>) -> Vec<Setting<S>> {
    settings(&mut Cursor::new(&group.tokens, group.close), report)
}

/// Puts an unreadable row where a mistake left none, so that the table is not said to be empty too.
fn bad_if_empty<S>(rows: &mut Vec<AstRow<S>>, span: S) {
    if rows.is_empty() {
        rows.push(AstRow { span, kind: AstRowKind::Bad });
    }
}

fn rows<S: Copy>(cursor: &mut Cursor<'_, S>, report: &mut Report<S>) -> Vec<AstRow<S>> {
    let mut found = Vec::new();
    let (start, mistakes) = (cursor.span(), report.count());
    loop {
        slips::attributes(cursor, report);
        // Settings end a table, whether it is closed or not.
        let Some(token) = (if cursor.at_settings() { None } else { cursor.next() }) else { break };
        let span = token.span;
        let kind = match &token.kind {
            TokenKind::Group(group) => {
                let mut inside = Cursor::new(&group.tokens, group.close);
                let slip = slips::row(group).map(|(mistake, meant)| {
                    report.error(span, mistake);
                    meant
                });
                match slip {
                    Some(Meant::BlockString(text)) => AstRowKind::BlockString(text),
                    Some(Meant::Nothing) => AstRowKind::Bad,
                    Some(Meant::Rows) => {
                        found.extend(rows(&mut inside, report));
                        cursor.end_item(Cursor::at_row, Item::Row, report);
                        continue;
                    }
                    None => {
                        if group.delimiter == Delimiter::Parenthesis {
                            report.error(span, Mistake::RowInParentheses);
                        }
                        let cells = values(&mut inside, Item::Cell, report);
                        // What has been reported of every cell, or of their parentheses, is not counted too.
                        let told = !cells.is_empty() || group.delimiter == Delimiter::Parenthesis;
                        if told && cells.iter().all(|cell| matches!(cell.kind, ValueKind::Bad)) {
                            AstRowKind::Bad
                        } else {
                            AstRowKind::Cells(cells)
                        }
                    }
                }
            }
            TokenKind::Text(text) => AstRowKind::BlockString(text.clone()),
            TokenKind::Punct(',') => {
                report.error(span, Mistake::NoRow);
                continue;
            }
            TokenKind::Word(word) if cursor.eat_macro_call() => {
                report.error(span, Mistake::MacroCall { name: word.clone() });
                AstRowKind::Bad
            }
            _ => {
                report.error(span, Mistake::NotARow { found: token.describe() });
                cursor.skip_item();
                AstRowKind::Bad
            }
        };
        found.push(AstRow { span, kind });
        if !cursor.at_settings() {
            cursor.end_item(Cursor::at_row, Item::Row, report);
        }
    }
    if report.count() > mistakes {
        bad_if_empty(&mut found, start);
    }
    found
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

    /// Takes the next token, and returns it if it is settings in braces.
    fn eat_settings(&mut self) -> Option<&Group<S>> {
        let is_settings = self.at_settings();
        match &self.next()?.kind {
            TokenKind::Group(group) if is_settings => Some(group),
            _ => None,
        }
    }

    fn at_setting(&self) -> bool {
        matches!(self.kind(), Some(TokenKind::Word(_))) && self.second().is_some_and(|token| token.is_punct(':'))
    }
}

fn values<S: Copy>(cursor: &mut Cursor<'_, S>, item: Item, report: &mut Report<S>) -> Vec<Value<S>> {
    let (mut values, mut names, mut empty) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        slips::attributes(cursor, report);
        if cursor.peek().is_none() {
            break;
        }
        if item == Item::Cell
            && let Some(span) = slips::bare_options(cursor, report)
        {
            values.push(Value { span, kind: ValueKind::Settings(settings(cursor, report)) });
            break;
        }
        names.push(if item == Item::Cell { slips::cell_name(cursor) } else { None });
        if cursor.at_item_end() {
            empty.push(values.len());
        }
        let mut value = value(cursor, || Mistake::NoItem { item }, report);
        if !cursor.end_item(Cursor::at_value, item, report) {
            value.kind = ValueKind::Bad;
        }
        values.push(value);
    }
    slips::named_cells(&names, &mut values, report);
    if item == Item::Cell {
        slips::stray_commas(empty, &mut values);
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
    if let [_, Token { kind: TokenKind::Number(number), .. }, ..] = cursor.rest()
        && let Some(plus) = cursor.eat('+')
    {
        report.error(plus.span, Mistake::Plus { number: number.clone() });
    }
    let negative = cursor.eat('-').is_some();
    let global = cursor.eat_path_separator();
    let Some(token) = cursor.next() else {
        return error(start, Mistake::NotAValue { found: if global { "::" } else { "-" }.to_owned() });
    };
    let kind = match &token.kind {
        TokenKind::Number(literal) if !global => {
            match Number::parse(slips::number(literal, start, cursor, report), negative) {
                Ok(number) => ValueKind::Number(number),
                Err(mistake) => {
                    report.error(start, mistake);
                    ValueKind::Bad
                }
            }
        }
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
            if cursor.eat_macro_call() {
                report.error(start, Mistake::MacroCall { name: word.clone() });
                return Ok(ValueKind::Bad);
            }
            ValueKind::Path(Path { global, segments })
        }
        TokenKind::Group(group) if group.delimiter == Delimiter::Parenthesis => {
            return error(start, Mistake::Parentheses);
        }
        TokenKind::Group(group) if !negative && !global => {
            if let Some(mistake) = slips::repeated(group, Item::Number) {
                return error(start, mistake);
            }
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
    loop {
        slips::attributes(cursor, report);
        let Some(token) = cursor.next() else { break };
        let key = match &token.kind {
            TokenKind::Word(key) => key,
            TokenKind::Text(key) if cursor.peek().is_some_and(|token| token.is_punct(':')) => {
                report.error(token.span, Mistake::QuotedName { name: key.clone() });
                key
            }
            _ => {
                report.error(token.span, Mistake::NotASetting { found: token.describe() });
                cursor.skip_item();
                cursor.take_separator(Item::Setting, report);
                continue;
            }
        };
        if cursor.eat(':').is_none() {
            report.error(cursor.span(), Mistake::NoColon { key: key.clone() });
            if cursor.eat('=').is_none() {
                cursor.skip_item();
                cursor.take_separator(Item::Setting, report);
                continue;
            }
            cursor.eat('>');
        }
        slips::second_colon(key, cursor, report);
        let mut value = setting_value(key, cursor, report);
        if !cursor.end_item(Cursor::at_setting, Item::Setting, report) {
            value.kind = ValueKind::Bad;
        }
        settings.push(Setting { key: key.clone(), key_span: token.span, value });
    }
    settings
}

fn setting_value<S: Copy>(key: &str, cursor: &mut Cursor<'_, S>, report: &mut Report<S>) -> Value<S> {
    let span = cursor.span();
    if let Some(group) = slips::list_in_parentheses(cursor) {
        report.error(span, Mistake::ListInParentheses);
        cursor.next();
        let list = values(&mut Cursor::new(&group.tokens, group.close), Item::Number, report);
        return Value { span, kind: ValueKind::List(list) };
    }
    value(cursor, || Mistake::NoValue { key: key.to_owned() }, report)
}
