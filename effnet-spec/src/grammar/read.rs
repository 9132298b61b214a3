//! Values to Rust's own types. What can't be read is reported at the value and comes back as `None`.

use super::ast::{Path, Setting, Value, ValueKind};
use super::number::Number;
use super::report::Report;
use crate::named::Named;
use crate::{Mistake, Name};

impl<S: Copy> Value<S> {
    /// A whole number without sign.
    pub(super) fn whole(&self, name: Name, report: &mut Report<S>) -> Option<usize> {
        self.number(name, report, |number| number.whole(name))
    }

    /// Any finite number.
    pub(super) fn real(&self, name: Name, report: &mut Report<S>) -> Option<f64> {
        self.number(name, report, Number::real)
    }

    /// A budget's number, with k, M or G.
    pub(super) fn count(&self, name: Name, report: &mut Report<S>) -> Option<u64> {
        self.number(name, report, |number| number.count(name))
    }

    /// One number, or a list of at least one.
    pub(super) fn reals(&self, name: Name, report: &mut Report<S>) -> Option<Vec<f64>> {
        match &self.kind {
            ValueKind::List(values) if !values.is_empty() => {
                let reals: Vec<_> = values.iter().map(|value| value.real(name, report)).collect();
                reals.into_iter().collect()
            }
            _ => self.real(name, report).map(|real| vec![real]),
        }
    }

    /// A member of a set of names.
    pub(super) fn choice<T: Named>(&self, report: &mut Report<S>) -> Option<T> {
        let chosen = match &self.kind {
            ValueKind::Path(path) => path.as_word().and_then(T::named),
            ValueKind::Bad => return None,
            _ => None,
        };
        if chosen.is_none() {
            report.error(self.span, Mistake::unknown::<T>(&self.describe()));
        }
        chosen
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: Name, report: &mut Report<S>) -> Option<bool> {
        match &self.kind {
            ValueKind::Path(path) if path.as_word() == Some("true") => Some(true),
            ValueKind::Path(path) if path.as_word() == Some("false") => Some(false),
            _ => self.refuse(name, report),
        }
    }

    /// A path.
    pub(super) fn path(&self, name: Name, report: &mut Report<S>) -> Option<Path<S>> {
        match &self.kind {
            ValueKind::Path(path) => Some(path.clone()),
            _ => self.refuse(name, report),
        }
    }

    /// Settings in braces.
    pub(super) fn settings(&self, name: Name, report: &mut Report<S>) -> Option<&[Setting<S>]> {
        match &self.kind {
            ValueKind::Settings(settings) => Some(settings),
            _ => self.refuse(name, report),
        }
    }

    fn refuse<T>(&self, name: Name, report: &mut Report<S>) -> Option<T> {
        if !matches!(self.kind, ValueKind::Bad) {
            report.error(self.span, Mistake::Unreadable { name, text: self.describe() });
        }
        None
    }

    fn number<T>(
        &self,
        name: Name,
        report: &mut Report<S>,
        read: impl FnOnce(&Number) -> Result<T, Mistake>,
    ) -> Option<T> {
        match &self.kind {
            ValueKind::Number(number) => read(number).map_err(|mistake| report.error(self.span, mistake)).ok(),
            _ => self.refuse(name, report),
        }
    }
}
