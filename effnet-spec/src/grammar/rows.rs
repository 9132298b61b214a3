//! AST rows to rows of a spec.

use super::ast::{AstRow, AstRowKind, Value, ValueKind};
use super::messages;
use super::report::Report;
use crate::{Column, Operator, Row};

/// What stands for a cell that could not be read. Each is legal, so that it causes no mistake of its own; channels are
/// taken from the neighbours instead where these are known.
const PLACEHOLDER: Row = Row::new(1, 3, 1, 1, 8, 8, Operator::MbConv, 0.0);

/// A row as far as it could be read.
#[derive(Clone, Debug)]
pub(super) struct ReadRow<S> {
    pub(super) row: Row,
    pub(super) span: S,
    cells: [S; 8],
    known: [bool; 8],
}

impl<S: Copy> ReadRow<S> {
    pub(super) fn cell(&self, column: Column) -> S {
        self.cells[column as usize]
    }

    pub(super) fn knows(&self, column: Column) -> bool {
        self.known[column as usize]
    }

    pub(super) fn is_whole(&self) -> bool {
        self.known == [true; 8]
    }
}

/// Reads every row.
pub(super) fn read<S: Copy>(rows: &[AstRow<S>], report: &mut Report<S>) -> Vec<ReadRow<S>> {
    let mut rows: Vec<_> = rows.iter().map(|row| read_row(row, report)).collect();
    join_unread_channels(&mut rows);
    rows
}

fn read_row<S: Copy>(row: &AstRow<S>, report: &mut Report<S>) -> ReadRow<S> {
    let span = row.span;
    let unread = ReadRow { row: PLACEHOLDER, span, cells: [span; 8], known: [false; 8] };
    match &row.kind {
        AstRowKind::Cells(cells) => match <&[Value<S>; 8]>::try_from(cells.as_slice()) {
            Ok(cells) => return read_cells(span, cells, report),
            Err(_) => match cells.get(8) {
                Some(surplus) => report.error(surplus.span, messages::too_many_cells(cells.len())),
                None => report.error(span, messages::too_few_cells(cells.len(), &missing_cells(cells))),
            },
        },
        AstRowKind::BlockString(text) => match Row::from_block_string(text) {
            Ok(row) => return ReadRow { row, known: [true; 8], ..unread },
            Err(error) => report.error(span, error.to_string()),
        },
        AstRowKind::Bad => {}
    }
    unread
}

fn read_cells<S: Copy>(span: S, cells: &[Value<S>; 8], report: &mut Report<S>) -> ReadRow<S> {
    let mut known = [true; 8];
    let mut whole = |column: Column, placeholder: usize| {
        let read = cells[column as usize].whole(column.name(), column.legal(), report);
        known[column as usize] = read.is_some();
        read.unwrap_or(placeholder)
    };
    let mut row = Row {
        repeats: whole(Column::Repeats, PLACEHOLDER.repeats),
        kernel: whole(Column::Kernel, PLACEHOLDER.kernel),
        stride: whole(Column::Stride, PLACEHOLDER.stride),
        expansion: whole(Column::Expansion, PLACEHOLDER.expansion),
        in_channels: whole(Column::In, PLACEHOLDER.in_channels),
        out_channels: whole(Column::Out, PLACEHOLDER.out_channels),
        ..PLACEHOLDER
    };
    let [.., operator, se_ratio] = cells;
    match read_operator(operator, report) {
        Some(operator) => row.operator = operator,
        None => known[Column::Operator as usize] = false,
    }
    match se_ratio.real(Column::SeRatio.name(), Column::SeRatio.legal(), report) {
        Some(se_ratio) => row.se_ratio = se_ratio,
        None => known[Column::SeRatio as usize] = false,
    }
    ReadRow { row, span, cells: cells.each_ref().map(|cell| cell.span), known }
}

/// An operator by its name, or by its number in the tables of PyTorch implementations.
fn read_operator<S: Copy>(cell: &Value<S>, report: &mut Report<S>) -> Option<Operator> {
    let number = match &cell.kind {
        ValueKind::Number(number) => {
            Operator::ALL.into_iter().find(|known| (*known as usize).to_string() == number.text)
        }
        _ => None,
    };
    number.or_else(|| cell.choice(report))
}

/// Which cells a short row lacks, as far as the place of its operator tells.
fn missing_cells<S>(cells: &[Value<S>]) -> String {
    let missing = |count: usize| if count == 1 { "one is missing".to_owned() } else { format!("{count} are missing") };
    match cells.iter().position(|cell| matches!(&cell.kind, ValueKind::Path(_))) {
        Some(6) => "`se_ratio` is missing behind the operator (0 for none)".to_owned(),
        Some(place) if place < 6 => format!("{} in front of the operator", missing(6 - place)),
        _ => missing(8 - cells.len()),
    }
}

/// Gives a channel cell that could not be read the value that its neighbour asks for.
fn join_unread_channels<S: Copy>(rows: &mut [ReadRow<S>]) {
    for index in 0..rows.len() {
        if !rows[index].knows(Column::In) && index > 0 {
            rows[index].row.in_channels = rows[index - 1].row.out_channels;
        }
        if !rows[index].knows(Column::Out) {
            let next = rows.get(index + 1).filter(|next| next.knows(Column::In));
            rows[index].row.out_channels = next.map_or(PLACEHOLDER.out_channels, |next| next.row.in_channels);
        }
    }
}
