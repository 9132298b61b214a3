//! Reads `metrics.csv` back.

use std::path::Path;

use crate::train::error::{Error, Result};

/// The rows of all finished epochs, from every session of the run.
pub(super) struct History {
    /// The columns' names.
    pub(super) columns: Vec<String>,
    /// The rows, with one cell per column.
    pub(super) rows: Vec<Vec<f64>>,
}

impl History {
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn read(path: &Path) -> Result<Self> {
        Ok(Self::parse(&std::fs::read_to_string(path).map_err(Error::folder("read", path))?))
    }

    /// The first line names the columns; columns that are empty in every row are left out. A cell that is no number
    /// becomes NaN, which charts skip.
    pub(super) fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let cells = lines.map(|line| line.split(',').collect::<Vec<_>>());
        let cells: Vec<Vec<&str>> = cells.filter(|row| row.len() == names.len()).collect();
        let filled = |at: &usize| cells.is_empty() || cells.iter().any(|row| !row[*at].is_empty());
        let filled: Vec<usize> = (0..names.len()).filter(filled).collect();
        let number = |cell: &str| cell.parse().unwrap_or(f64::NAN);
        Self {
            columns: filled.iter().map(|at| names[*at].to_owned()).collect(),
            rows: cells.iter().map(|row| filled.iter().map(|at| number(row[*at])).collect()).collect(),
        }
    }

    /// The cells of a column; none if there is no such column.
    pub(super) fn column(&self, name: &str) -> Vec<f64> {
        let Some(at) = self.columns.iter().position(|column| column == name) else { return Vec::new() };
        self.rows.iter().map(|row| row[at]).collect()
    }

    /// The cell of a column in the row of an epoch.
    pub(super) fn of_epoch(&self, epoch: u64, name: &str) -> Option<f64> {
        let row = self.column("epoch").iter().position(|number| *number == epoch as f64)?;
        self.column(name).get(row).copied()
    }
}
