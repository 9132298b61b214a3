//! AST to spec, with everything that is wrong.

use std::borrow::Cow;

use super::ast::{Ast, Path};
use super::budget::Limits;
use super::report::Report;
use super::rows::{self, ReadRow};
use super::settings::{self, ReadSettings};
use crate::{Budget, Column, Key, Mistake, Place, Spec, check_scaling};

/// What a table says.
#[derive(Clone, Debug)]
pub struct Lowered<S> {
    /// The network, with `width` and `depth` applied. Of a table with mistakes, as far as it could be read.
    pub spec: Spec,
    /// Of each row, where it and its operator stand.
    pub rows: Vec<RowSpans<S>>,
    /// The value of the setting `crate`.
    pub crate_path: Option<Path<S>>,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug)]
pub struct RowSpans<S> {
    /// The row.
    pub row: S,
    /// Its operator's cell; of a block string, the row.
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
    let rows = table.rows.iter().map(|row| RowSpans { row: row.span, operator: row.cell(Column::Operator) }).collect();
    Lowered { spec, rows, crate_path: table.settings.crate_path }
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
        let (width, depth) = (self.settings.width.unwrap_or(1.0), self.settings.depth.unwrap_or(1.0));
        let mut mistakes = written.validate();
        mistakes.extend(self.settings.stem.and_then(|stem| written.check_stem(stem)));
        mistakes.extend(check_scaling(width, depth));
        self.report_all(mistakes);
        if !self.report.is_clean() {
            return written;
        }
        let spec = written.scaled(width, depth);
        self.report_all(spec.validate());
        if self.report.is_clean() {
            self.check_budget(&spec);
        }
        spec
    }

    fn check_budget(&mut self, spec: &Spec) {
        let Some(Limits { params, macs, at }) = self.settings.budget else { return };
        let at = at.map(|at| at.value);
        for (limit, budget) in [
            (params, Budget { params: params.map(|limit| limit.value), macs: None, at }),
            (macs, Budget { params: None, macs: macs.map(|limit| limit.value), at }),
        ] {
            if let Some(limit) = limit {
                for mistake in budget.check(spec) {
                    self.report.error(limit.span, mistake.message);
                }
            }
        }
    }

    /// Reports mistakes at what they are about, unless that is a stand-in for something unread.
    fn report_all(&mut self, mistakes: Vec<Mistake>) {
        for Mistake { place, message } in mistakes {
            if let Some(span) = self.span(place) {
                self.report.error(span, message);
            }
        }
    }

    fn span(&self, place: Place) -> Option<S> {
        match place {
            Place::Cell(row, column) => self.rows.get(row).filter(|row| row.knows(column)).map(|row| row.cell(column)),
            Place::Row(row) => self.rows.get(row).filter(|row| row.is_whole()).map(|row| row.span),
            Place::Table => self.rows.iter().all(ReadRow::is_whole).then_some(self.ast.span),
            // How many numbers `mean` and `std` have is a question of `in_channels` too.
            Place::Setting(Key::Mean | Key::Std) if !self.settings.knows(Key::InChannels) => None,
            Place::Setting(key) if !self.settings.knows(key) => None,
            Place::Setting(key) => Some(self.settings.span(key).unwrap_or(self.ast.span)),
        }
    }
}
