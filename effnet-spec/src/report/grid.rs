//! Cells in aligned columns. The first row is the heading; the first two columns are names, and those behind the eleventh
//! options, to the left; the others are numbers, to the right.

/// The rows as text, without spaces at the lines' ends.
pub(super) fn text(rows: &[Vec<String>]) -> String {
    padded(rows).map(|row| format!("{}\n", row.join("  ").trim_end())).collect()
}

/// The rows as a table in Markdown.
pub(super) fn markdown(rows: &[Vec<String>]) -> String {
    let mut lines: Vec<_> = padded(rows).map(|row| format!("| {} |\n", row.join(" | "))).collect();
    let rule = widths(rows).into_iter().enumerate().map(|(column, width)| match is_words(column) {
        true => format!(":{}-", "-".repeat(width)),
        false => format!("-{}:", "-".repeat(width)),
    });
    lines.insert(1, format!("|{}|\n", rule.collect::<Vec<_>>().join("|")));
    lines.concat()
}

fn padded(rows: &[Vec<String>]) -> impl Iterator<Item = Vec<String>> + '_ {
    let widths = widths(rows);
    rows.iter().map(move |row| {
        let cells = row.iter().zip(&widths).enumerate();
        let pad = |(column, (cell, &width)): (usize, (&String, &usize))| match is_words(column) {
            true => format!("{cell:<width$}"),
            false => format!("{cell:>width$}"),
        };
        cells.map(pad).collect()
    })
}

fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    (0..rows.first().map_or(0, Vec::len)).map(width).collect()
}

/// Whether a column of [`super::cells`] holds words rather than numbers.
pub fn is_words(column: usize) -> bool {
    !(2..=10).contains(&column)
}
