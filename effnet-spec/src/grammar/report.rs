//! Where mistakes are collected, so that all are reported at once.

use crate::{Error, Mistake};

/// Collects mistakes. It must be asked for them with [`Report::finish`]: a report that is dropped before that has lost
/// a user's errors, and panics.
#[derive(Debug)]
pub struct Report<S> {
    errors: Option<Vec<Error<S>>>,
}

impl<S> Report<S> {
    /// No mistakes yet.
    #[allow(clippy::new_without_default, reason = "a report that must be checked should not appear by default")]
    pub fn new() -> Self {
        Self { errors: Some(Vec::new()) }
    }

    /// Adds a mistake.
    pub fn error(&mut self, span: S, mistake: Mistake) {
        self.errors.get_or_insert_default().push(Error { place: span, mistake });
    }

    /// How many mistakes there are yet.
    pub(super) fn count(&self) -> usize {
        self.errors.as_ref().map_or(0, Vec::len)
    }

    /// Whether there is no mistake yet: a stage whose input must be whole asks before it starts.
    pub fn is_clean(&self) -> bool {
        self.count() == 0
    }

    /// Ends the collection.
    ///
    /// # Errors
    /// All mistakes, in the order of their discovery, if there are any.
    pub fn finish(mut self) -> Result<(), Vec<Error<S>>> {
        match self.errors.take() {
            Some(errors) if !errors.is_empty() => Err(errors),
            _ => Ok(()),
        }
    }
}

impl<S> Drop for Report<S> {
    fn drop(&mut self) {
        if self.errors.is_some() && !std::thread::panicking() {
            panic!("a report of mistakes was dropped without a look at it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_out_every_error_in_order() {
        let mut report = Report::new();
        assert!(report.is_clean());
        report.error(1, Mistake::NoTable);
        report.error(0, Mistake::EmptyTable);
        assert!(!report.is_clean());
        let errors = report.finish().expect_err("two errors");
        let [first, second] = [(1, Mistake::NoTable), (0, Mistake::EmptyTable)];
        assert_eq!(errors, [first, second].map(|(place, mistake)| Error { place, mistake }));
    }

    #[test]
    #[should_panic(expected = "without a look at it")]
    fn panics_when_dropped_unasked() {
        drop(Report::<usize>::new());
    }
}
