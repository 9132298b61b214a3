//! Cells in aligned columns.

/// Rows of cells, all as long as the first, which is the heading.
pub(super) struct Grid {
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
}

impl Grid {
    pub(super) fn new(rows: Vec<Vec<String>>) -> Self {
        let columns = rows.first().map_or(0, Vec::len);
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = (0..columns).map(width).collect();
        Self { rows, widths }
    }

    /// The rows as text, without spaces at the lines' ends. The first two columns are names, to the left; the others
    /// are numbers, to the right.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for row in self.padded() {
            text += row.join("  ").trim_end();
            text += "\n";
        }
        text
    }

    /// The rows as a table in Markdown.
    pub(super) fn markdown(&self) -> String {
        let mut lines: Vec<_> = self.padded().map(|row| format!("| {} |\n", row.join(" | "))).collect();
        let rule = self.widths.iter().enumerate().map(|(column, &width)| match is_name(column) {
            true => format!(":{}-", "-".repeat(width)),
            false => format!("-{}:", "-".repeat(width)),
        });
        lines.insert(1, format!("|{}|\n", rule.collect::<Vec<_>>().join("|")));
        lines.concat()
    }

    fn padded(&self) -> impl Iterator<Item = Vec<String>> + '_ {
        self.rows.iter().map(|row| {
            let cells = row.iter().zip(&self.widths).enumerate();
            let pad = |(column, (cell, &width)): (usize, (&String, &usize))| match is_name(column) {
                true => format!("{cell:<width$}"),
                false => format!("{cell:>width$}"),
            };
            cells.map(pad).collect()
        })
    }
}

/// Whether a column holds names rather than numbers.
fn is_name(column: usize) -> bool {
    column < 2
}
