//! AST rows to rows of a spec.

use super::ast::{AstRow, AstRowKind, Value, ValueKind};
use super::report::Report;
use crate::{Column, Mistake, Name, Operator, Row};

/// Values that stand for cells that could not be read. Each is legal, so that it causes no mistake of its own; channels
/// are taken from the neighbours instead where these are known.
const PLACEHOLDER: Row = Row::new(1, 3, 1, 1, 8, 8, Operator::MbConv, 0.0);

/// A row as far as it could be read.
#[derive(Clone, Debug)]
pub(super) struct ReadRow<S> {
    pub(super) row: Row,
    pub(super) span: S,
    /// Where each cell stands, if it could be read; a block string is each of its cells.
    cells: [Option<S>; 8],
}

impl<S: Copy> ReadRow<S> {
    /// Where a cell stands, if it could be read.
    pub(super) fn cell(&self, column: Column) -> Option<S> {
        self.cells[column as usize]
    }

    /// Where the row stands, if all of it could be read.
    pub(super) fn whole(&self) -> Option<S> {
        self.cells.iter().all(Option::is_some).then_some(self.span)
    }

    /// Takes a cell over. `None` if it could not be read, which has been reported.
    fn set(&mut self, column: Column, cell: &Value<S>, report: &mut Report<S>) -> Option<()> {
        let (row, name) = (&mut self.row, Name::Cell(column));
        match column {
            Column::Repeats => row.repeats = cell.whole(name, report)?,
            Column::Kernel => row.kernel = cell.whole(name, report)?,
            Column::Stride => row.stride = cell.whole(name, report)?,
            Column::Expansion => row.expansion = cell.whole(name, report)?,
            Column::In => row.in_channels = cell.whole(name, report)?,
            Column::Out => row.out_channels = cell.whole(name, report)?,
            Column::Operator => row.operator = operator(cell, report)?,
            Column::SeRatio => row.se_ratio = cell.real(name, report)?,
        }
        Some(())
    }
}

/// Reads every row.
pub(super) fn read<S: Copy>(rows: &[AstRow<S>], report: &mut Report<S>) -> Vec<ReadRow<S>> {
    let mut rows: Vec<_> = rows.iter().map(|row| read_row(row, report)).collect();
    join_unread_channels(&mut rows);
    rows
}

fn read_row<S: Copy>(ast: &AstRow<S>, report: &mut Report<S>) -> ReadRow<S> {
    let mut row = ReadRow { row: PLACEHOLDER, span: ast.span, cells: [None; 8] };
    match &ast.kind {
        AstRowKind::Cells(cells) if cells.len() == 8 => {
            for (column, cell) in Column::ALL.into_iter().zip(cells) {
                row.cells[column as usize] = row.set(column, cell, report).map(|()| cell.span);
            }
        }
        AstRowKind::Cells(cells) => match (cells.len(), cells.get(8)) {
            (count, Some(surplus)) => report.error(surplus.span, Mistake::TooManyCells { count }),
            (count, None) => {
                let operator = cells.iter().position(|cell| matches!(&cell.kind, ValueKind::Path(_)));
                report.error(ast.span, Mistake::TooFewCells { count, operator });
            }
        },
        AstRowKind::BlockString(text) => match Row::from_block_string(text) {
            Ok(read) => row = ReadRow { row: read, cells: [Some(ast.span); 8], ..row },
            Err(mistake) => report.error(ast.span, mistake),
        },
        AstRowKind::Bad => {}
    }
    row
}

/// An operator by its name, or by its number in the tables of PyTorch implementations.
fn operator<S: Copy>(cell: &Value<S>, report: &mut Report<S>) -> Option<Operator> {
    let number = match &cell.kind {
        ValueKind::Number(number) => Operator::ALL.into_iter().find(|known| known.number().to_string() == number.text),
        _ => None,
    };
    number.or_else(|| cell.choice(report))
}

/// Gives a channel cell that could not be read the value that its neighbour asks for.
fn join_unread_channels<S: Copy>(rows: &mut [ReadRow<S>]) {
    for index in 0..rows.len() {
        if rows[index].cell(Column::In).is_none() && index > 0 {
            rows[index].row.in_channels = rows[index - 1].row.out_channels;
        }
        if rows[index].cell(Column::Out).is_none() {
            let next = rows.get(index + 1).filter(|next| next.cell(Column::In).is_some());
            rows[index].row.out_channels = next.map_or(PLACEHOLDER.out_channels, |next| next.row.in_channels);
        }
    }
}
