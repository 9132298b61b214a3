//! Slips: what people write in place of a table's own forms. Each is recognised as a whole, so that it is one mistake,
//! and what was meant is read all the same.

use super::ast::{Value, ValueKind};
use super::cursor::Cursor;
use super::report::Report;
use super::token::{Group, Token, TokenKind};
use crate::delimiter::Delimiter;
use crate::mistake::block_key;
use crate::named::Named;
use crate::{Column, Item, Mistake, RowOption};

/// What was meant by a bracketed group that is no row.
pub(super) enum Meant {
    /// A row in block notation.
    BlockString(String),
    /// The rows that stand in it.
    Rows,
    /// A row that cannot be told.
    Nothing,
}

/// The slip that stands in a row's brackets, if it is one.
pub(super) fn row<S>(group: &Group<S>) -> Option<(Mistake, Meant)> {
    match group.tokens.as_slice() {
        [Token { kind: TokenKind::Text(text), .. }] => {
            Some((Mistake::BlockStringInBrackets, Meant::BlockString(text.clone())))
        }
        [Token { kind: TokenKind::Group(inner), .. }, ..] if inner.delimiter == Delimiter::Bracket => {
            Some((Mistake::NestedRows, Meant::Rows))
        }
        tokens => {
            if let Some(mistake) = repeated(group, Item::Cell) {
                return Some((mistake, Meant::Nothing));
            }
            let write = block_string(tokens)?;
            Some((Mistake::BlockStringInCells { write: write.clone() }, Meant::BlockString(write)))
        }
    }
}

/// The parts of a block string in separate cells, joined: `r1, k3, se0.25`.
fn block_string<S>(tokens: &[Token<S>]) -> Option<String> {
    let TokenKind::Word(first) = &tokens.first()?.kind else { return None };
    let (key, value) = first.split_at(first.find(|letter: char| letter.is_ascii_digit())?);
    let is_part = Column::ALL.into_iter().any(|column| block_key(column) == key) && value.parse::<usize>().is_ok();
    let joined = tokens.iter().map(|token| if token.is_punct(',') { "_".to_owned() } else { token.describe() });
    is_part.then(|| joined.collect::<String>().trim_end_matches('_').to_owned())
}

/// An array of equal elements: `[0.5; 3]`.
pub(super) fn repeated<S>(group: &Group<S>, item: Item) -> Option<Mistake> {
    match group.tokens.as_slice() {
        [element, semicolon, count] if semicolon.is_punct(';') => {
            Some(Mistake::ArrayRepeat { item, element: element.describe(), count: count.describe() })
        }
        _ => None,
    }
}

/// Takes attributes and doc comments that stand in front of an item.
pub(super) fn attributes<S: Copy>(cursor: &mut Cursor<'_, S>, report: &mut Report<S>) {
    while let Some(token) = cursor.eat('#') {
        report.error(token.span, Mistake::AttributeInTable);
        cursor.eat('!');
        if matches!(cursor.kind(), Some(TokenKind::Group(_))) {
            cursor.next();
        }
    }
}

/// Where options stand that have no braces around them, if they do here.
pub(super) fn bare_options<S: Copy>(cursor: &Cursor<'_, S>, report: &mut Report<S>) -> Option<S> {
    let [Token { kind: TokenKind::Word(name), span }, colon, ..] = cursor.rest() else { return None };
    if !colon.is_punct(':') || RowOption::named(name).is_none() {
        return None;
    }
    report.error(*span, Mistake::BareOptions { option: name.clone() });
    Some(*span)
}

/// Takes `name:` in front of a cell.
pub(super) fn cell_name<'t, S: Copy>(cursor: &mut Cursor<'t, S>) -> Option<(&'t str, S)> {
    let [Token { kind: TokenKind::Word(name), span }, colon, value, ..] = cursor.rest() else { return None };
    if !colon.is_punct(':') || value.is_punct(':') {
        return None;
    }
    cursor.next();
    cursor.next();
    Some((name, *span))
}

/// Reports cells with names, and puts them into the table's order if each has the name of another cell.
pub(super) fn named_cells<S: Copy>(names: &[Option<(&str, S)>], values: &mut Vec<Value<S>>, report: &mut Report<S>) {
    let Some((_, span)) = names.iter().flatten().next() else { return };
    let options = values.pop_if(|last| matches!(last.kind, ValueKind::Settings(_)));
    let columns = names.iter().take(values.len()).map(|name| name.and_then(|(name, _)| Column::named(name)));
    let columns: Vec<_> = columns.collect::<Option<_>>().unwrap_or_default();
    if columns.len() == Column::ALL.len() && Column::ALL.iter().all(|column| columns.contains(column)) {
        let mut named: Vec<_> = columns.into_iter().zip(std::mem::take(values)).collect();
        named.sort_by_key(|(column, _)| *column);
        values.extend(named.into_iter().map(|(_, value)| value));
    }
    values.extend(options);
    let cells: Vec<_> = values.iter().map(Value::describe).collect();
    report.error(*span, Mistake::NamedCells { write: format!("[{}]", cells.join(", ")) });
}

/// Leaves out cells that a comma too many made, if there are more than a row has.
pub(super) fn stray_commas<S>(empty: Vec<usize>, cells: &mut Vec<Value<S>>) {
    let options = matches!(cells.last(), Some(Value { kind: ValueKind::Settings(_), .. }));
    let most = Column::ALL.len() + usize::from(options);
    for place in empty.into_iter().rev() {
        if cells.len() > most {
            cells.remove(place);
        }
    }
}

/// A list in parentheses as the value of a setting: `(0.4, 0.4, 0.4)`.
pub(super) fn list_in_parentheses<'t, S: Copy>(cursor: &Cursor<'t, S>) -> Option<&'t Group<S>> {
    match cursor.kind() {
        Some(TokenKind::Group(group)) if group.delimiter == Delimiter::Parenthesis => {
            group.tokens.iter().any(|token| token.is_punct(',')).then_some(group)
        }
        _ => None,
    }
}

/// Takes generic parameters in front of the table: `Small<T> <…>`.
pub(super) fn generics<S: Copy>(cursor: &mut Cursor<'_, S>, report: &mut Report<S>) {
    let tokens = cursor.rest();
    let open = tokens.iter().take_while(|token| token.is_punct(':')).count();
    let Some(close) = tokens.iter().position(|token| token.is_punct('>')) else { return };
    let parameters = tokens.get(open..=close).unwrap_or_default();
    let holds_rows = parameters.iter().any(|token| matches!(token.kind, TokenKind::Group(_) | TokenKind::Text(_)));
    let stand_before_table = tokens.get(close + 1).is_some_and(|token| token.is_punct('<'));
    match parameters {
        [first, ..] if first.is_punct('<') && stand_before_table && !holds_rows => {
            report.error(first.span, Mistake::Generics { text: text(parameters) });
            cursor.skip(close + 1);
        }
        _ => {}
    }
}

/// Tokens as they may have been written: blanks stand between words and behind a colon.
fn text<S>(tokens: &[Token<S>]) -> String {
    let mut text = String::new();
    for token in tokens {
        let next = token.describe();
        if text.ends_with(|end: char| end.is_alphanumeric() || end == ':') && next.starts_with(char::is_alphanumeric) {
            text.push(' ');
        }
        text += &next;
    }
    text
}

/// What stands in front of the table's `<`, or in its place.
pub(super) enum Front<'t, S> {
    /// The table's `<`, or nothing that would lead to one.
    Nothing,
    /// All rows, in another pair of delimiters.
    Rows(&'t Group<S>),
    /// The settings, which stand behind the table.
    Settings(&'t Group<S>),
}

/// Takes what stands in front of the table's `<`, up to it, or what stands in its place.
pub(super) fn front<'t, S: Copy>(cursor: &mut Cursor<'t, S>, report: &mut Report<S>) -> Front<'t, S> {
    let tokens = cursor.rest();
    let Some(first) = tokens.first().filter(|token| !token.is_punct('<')) else { return Front::Nothing };
    let group = match &first.kind {
        TokenKind::Group(group) => Some(group),
        _ => None,
    };
    if let Some(group) = group.filter(|group| holds_rows(group)) {
        report.error(group.open, Mistake::RowsInGroup { delimiter: group.delimiter });
        cursor.next();
        return Front::Rows(group);
    }
    let Some(place) = tokens.iter().position(|token| token.is_punct('<')) else { return Front::Nothing };
    cursor.skip(place);
    match group.filter(|group| group.delimiter == Delimiter::Brace) {
        Some(group) => {
            report.error(group.open, Mistake::SettingsFirst);
            Front::Settings(group)
        }
        None => {
            report.error(first.span, Mistake::InFrontOfTable { found: first.describe() });
            Front::Nothing
        }
    }
}

/// Whether rows stand in this group, and it is not a row itself.
fn holds_rows<S>(group: &Group<S>) -> bool {
    match group.tokens.first().map(|token| &token.kind) {
        Some(TokenKind::Group(_)) => true,
        Some(TokenKind::Text(_)) => group.delimiter != Delimiter::Bracket || group.tokens.len() > 1,
        _ => false,
    }
}

/// A number literal without the point that stands for a comma: `3. 1`.
pub(super) fn number<'l, S: Copy>(
    literal: &'l str,
    span: S,
    cursor: &mut Cursor<'_, S>,
    report: &mut Report<S>,
) -> &'l str {
    match literal.strip_suffix('.') {
        Some(number) if cursor.at_value() => {
            report.error(span, Mistake::PointForComma { number: number.to_owned() });
            cursor.pardon_comma();
            number
        }
        _ => literal,
    }
}

/// Takes a second colon behind a setting's name: `dropout:: 0.2`. A path may start with two.
pub(super) fn second_colon<S: Copy>(key: &str, cursor: &mut Cursor<'_, S>, report: &mut Report<S>) {
    let is_path = cursor.second().is_some_and(|token| token.is_punct(':'));
    if !is_path && let Some(colon) = cursor.eat(':') {
        report.error(colon.span, Mistake::SecondColon { key: key.to_owned() });
    }
}
