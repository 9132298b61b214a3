//! AST rows to rows of a spec.

use super::ast::{AstRow, AstRowKind, Setting, Value, ValueKind};
use super::report::Report;
use super::settings::known;
use crate::named::Named;
use crate::{Column, Expansion, Mistake, Name, Operator, Row, RowOption, Squeeze};

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
    /// The options that the row has, and where the value of each stands, if it could be read.
    options: Vec<(RowOption, Option<S>)>,
}

impl<S: Copy> ReadRow<S> {
    /// Where a cell stands, if it could be read.
    pub(super) fn cell(&self, column: Column) -> Option<S> {
        self.cells[column as usize]
    }

    /// Where an option stands, if it could be read; the row, where that does not have it.
    pub(super) fn option(&self, option: RowOption) -> Option<S> {
        let written = self.options.iter().find(|(written, _)| *written == option);
        written.map_or(Some(self.span), |(_, span)| *span)
    }

    fn has(&self, option: RowOption) -> bool {
        self.options.iter().any(|(written, _)| *written == option)
    }

    /// Where the row stands, if all of it could be read.
    pub(super) fn whole(&self) -> Option<S> {
        let options = self.options.iter().map(|(_, span)| span);
        self.cells.iter().chain(options).all(Option::is_some).then_some(self.span)
    }

    /// Takes a cell over. `None` if it could not be read, which has been reported.
    fn set(&mut self, column: Column, cell: &Value<S>, report: &mut Report<S>) -> Option<()> {
        let (row, name) = (&mut self.row, Name::Cell(column));
        match column {
            Column::Repeats => row.repeats = cell.whole(name, report)?,
            Column::Kernel if matches!(cell.kind, ValueKind::List(_)) => {
                report.error(cell.span, Mistake::MIXED_KERNELS);
                return None;
            }
            Column::Kernel => row.kernel = cell.whole(name, report)?,
            Column::Stride => row.stride = cell.whole(name, report)?,
            Column::Expansion if cell.is_left_out() => self.replaced(column, RowOption::Expanded, cell, report)?,
            Column::Expansion => row.expansion = Expansion::Ratio(cell.whole(name, report)?),
            Column::In => row.in_channels = cell.whole(name, report)?,
            Column::Out => row.out_channels = cell.whole(name, report)?,
            Column::Operator => {
                row.operator = operator(cell, report)?;
                row.shortcut = row.operator.block_type().has_shortcut;
            }
            Column::SeRatio if cell.is_left_out() => self.replaced(column, RowOption::Squeezed, cell, report)?,
            Column::SeRatio => row.squeeze = Squeeze::Ratio(cell.real(name, report)?),
        }
        Some(())
    }

    /// Looks for the option that stands in place of a cell that is left out.
    fn replaced(&self, column: Column, option: RowOption, cell: &Value<S>, report: &mut Report<S>) -> Option<()> {
        if !self.has(option) {
            report.error(cell.span, Mistake::LeftOut { column, option });
        }
        self.has(option).then_some(())
    }

    /// Takes an option over. `None` if it could not be read, which has been reported.
    fn set_option(&mut self, option: RowOption, value: &Value<S>, report: &mut Report<S>) -> Option<()> {
        let (row, name) = (&mut self.row, Name::Option(option));
        match option {
            RowOption::SameStage => row.same_stage = value.flag(name, report)?,
            RowOption::Shortcut => row.shortcut = value.flag(name, report)?,
            RowOption::Expanded => row.expansion = Expansion::Channels(value.whole(name, report)?),
            RowOption::ExpandConv => row.expand_conv = value.flag(name, report)?,
            RowOption::Squeezed => row.squeeze = Squeeze::Channels(value.whole(name, report)?),
            RowOption::Activation => row.activation = Some(value.choice(report)?),
            RowOption::ProjectActivation => row.project_activation = value.flag(name, report)?,
        }
        Some(())
    }

    /// Takes a row over that has all its cells.
    fn set_all(&mut self, cells: &[Value<S>], options: &[Setting<S>], report: &mut Report<S>) {
        let options = known(options, Name::Option, report);
        self.options = options.iter().map(|(option, _)| (*option, None)).collect();
        let swapped = swapped(cells);
        for (column, cell) in Column::ALL.into_iter().zip(cells) {
            if swapped.is_none() || !matches!(column, Column::Operator | Column::SeRatio) {
                self.cells[column as usize] = self.set(column, cell, report).map(|()| cell.span);
            }
        }
        swapped.into_iter().for_each(|(span, mistake)| report.error(span, mistake));
        for (place, (option, value)) in options.into_iter().enumerate() {
            let beside = replaced_by(option).filter(|column| !cells[*column as usize].is_left_out());
            if let Some(column) = beside {
                report.error(value.span, Mistake::CellAndOption { column, option });
            } else {
                self.options[place].1 = self.set_option(option, value, report).map(|()| value.span);
            }
        }
    }
}

/// The cell that an option stands in place of.
fn replaced_by(option: RowOption) -> Option<Column> {
    match option {
        RowOption::Expanded => Some(Column::Expansion),
        RowOption::Squeezed => Some(Column::SeRatio),
        _ => None,
    }
}

/// Reads every row.
pub(super) fn read<S: Copy>(rows: &[AstRow<S>], report: &mut Report<S>) -> Vec<ReadRow<S>> {
    let mut rows: Vec<_> = rows.iter().map(|row| read_row(row, report)).collect();
    join_unread_channels(&mut rows);
    rows
}

fn read_row<S: Copy>(ast: &AstRow<S>, report: &mut Report<S>) -> ReadRow<S> {
    let mut row = ReadRow { row: PLACEHOLDER, span: ast.span, cells: [None; 8], options: Vec::new() };
    match &ast.kind {
        AstRowKind::Cells(values) => {
            let (cells, options) = match values.split_last() {
                Some((Value { kind: ValueKind::Settings(options), .. }, cells)) => (cells, &options[..]),
                _ => (&values[..], &[][..]),
            };
            match (cells.len(), cells.get(8)) {
                (8, _) => row.set_all(cells, options, report),
                (count, Some(surplus)) => report.error(surplus.span, Mistake::TooManyCells { count }),
                (count, None) => {
                    let is_operator = |cell: &Value<S>| matches!(&cell.kind, ValueKind::Path(_)) && !cell.is_left_out();
                    let operator = cells.iter().position(is_operator);
                    report.error(ast.span, Mistake::TooFewCells { count, operator });
                }
            }
        }
        AstRowKind::BlockString(text) => match Row::from_block_string(text) {
            Ok(read) => row = ReadRow { row: read, cells: [Some(ast.span); 8], ..row },
            Err(mistake) => report.error(ast.span, mistake),
        },
        AstRowKind::Bad => {}
    }
    row
}

/// The mistake of an operator behind its ratio.
fn swapped<S: Copy>(cells: &[Value<S>]) -> Option<(S, Mistake)> {
    let [.., ratio, operator] = cells else { return None };
    let ValueKind::Path(path) = &operator.kind else { return None };
    let is_swapped = matches!(ratio.kind, ValueKind::Number(_)) && path.as_word().and_then(Operator::named).is_some();
    let mistake = Mistake::SwappedCells { operator: operator.describe(), se_ratio: ratio.describe() };
    is_swapped.then_some((ratio.span, mistake))
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
