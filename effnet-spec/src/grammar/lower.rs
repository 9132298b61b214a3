//! AST to spec, with everything that is wrong.

use std::borrow::Cow;

use super::ast::{Ast, Path};
use super::report::Report;
use super::rows::{self, ReadRow};
use super::settings::{self, ReadSettings};
use crate::{Column, Error, Key, Mistake, Operator, Place, Spec};

/// The contents of a table.
#[derive(Clone, Debug)]
pub struct Lowered<S> {
    /// The network, with `width` and `depth` applied; with mistakes, the table as far as it could be read.
    pub spec: Spec,
    /// Where each row and its operator stand.
    pub rows: Vec<RowSpans<S>>,
    /// The value of the setting `crate`.
    pub crate_path: Option<Path<S>>,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug)]
pub struct RowSpans<S> {
    /// The row.
    pub row: S,
    /// Its operator's cell; the row, if it is a block string.
    pub operator: S,
}

/// Reads and validates a table. What is wrong goes to `report`.
///
/// A cell or setting that can't be read is replaced by a legal one and takes part in no further check, so that the
/// rest of the table is checked all the same. Only a table that is legal as it is written is scaled, and only then its
/// budget is checked.
pub fn lower<S: Copy>(name: &str, ast: &Ast<S>, report: &mut Report<S>) -> Lowered<S> {
    let rows = rows::read(&ast.rows, report);
    let settings = settings::read(&ast.settings, report);
    let mut table = Table { ast, rows, settings, report };
    let spec = table.check(name);
    let rows = table.rows.iter().map(|row| {
        let operator = row.cell(Column::Operator).unwrap_or(row.span);
        RowSpans { row: row.span, operator }
    });
    Lowered { spec, rows: rows.collect(), crate_path: table.settings.crate_path }
}

struct Table<'a, S> {
    ast: &'a Ast<S>,
    rows: Vec<ReadRow<S>>,
    settings: ReadSettings<S>,
    report: &'a mut Report<S>,
}

impl<S: Copy> Table<'_, S> {
    fn check(&mut self, name: &str) -> Spec {
        let written = Spec {
            name: Cow::Owned(name.to_owned()),
            rows: self.rows.iter().map(|row| row.row).collect(),
            settings: self.settings.settings.clone(),
        };
        let ReadSettings { stem, scaling, budget, .. } = self.settings;
        let mut errors = written.validate();
        errors.extend(stem.and_then(|stem| written.check_stem(stem)));
        errors.extend(scaling.check());
        errors.extend(self.settings.check_uses());
        errors.extend(budget.check_size());
        self.report_all(errors);
        if !self.report.is_clean() {
            return written;
        }
        let spec = written.scaled(&scaling);
        let errors = spec.validate().into_iter();
        self.report_all(errors.map(|error| scaling.blame(error, &spec, &written)).collect());
        if self.report.is_clean() {
            self.report_all(budget.check(&spec));
        }
        spec
    }

    /// Reports mistakes at what they are about, unless that is a stand-in for something unread.
    fn report_all(&mut self, errors: Vec<Error<Place>>) {
        for Error { place, mistake } in errors {
            if let Some(span) = self.span(place).filter(|_| !self.is_guessed(place, &mistake)) {
                self.report.error(span, mistake);
            }
        }
    }

    /// Whether a mistake in a row is one for the stand-in of another cell only.
    fn is_guessed(&self, place: Place, mistake: &Mistake) -> bool {
        let (Place::Cell(row, _) | Place::Option(row, _)) = place else { return false };
        let unread = |column| self.rows[row].cell(column).is_none();
        let some_block_has = |kernel| Operator::ALL.iter().any(|known| known.block_type().kernels.contains(kernel));
        match mistake {
            Mistake::IllegalKernel { kernel, .. } => unread(Column::Operator) && some_block_has(kernel),
            Mistake::NoExpansion { .. } | Mistake::NoSqueeze { .. } | Mistake::OptionOfOthers { .. } => {
                unread(Column::Operator)
            }
            Mistake::AlreadyExpands => unread(Column::Expansion),
            Mistake::NothingProjects => unread(Column::Operator) || unread(Column::Expansion),
            _ => false,
        }
    }

    fn span(&self, place: Place) -> Option<S> {
        let setting = |place| self.settings.span(place, self.ast.span);
        match place {
            Place::Cell(row, column) => self.rows[row].cell(column),
            Place::Option(row, option) => self.rows[row].option(option),
            Place::Row(row) => self.rows[row].whole(),
            Place::Table => self.rows.iter().all(|row| row.whole().is_some()).then_some(self.ast.span),
            // How many numbers `mean` and `std` have is a question of `in_channels` too.
            Place::Setting(Key::Mean | Key::Std) => setting(Place::Setting(Key::InChannels)).and(setting(place)),
            Place::Setting(_) | Place::Limit(_) => setting(place),
        }
    }
}
