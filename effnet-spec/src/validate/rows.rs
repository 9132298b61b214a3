//! Mistakes in the rows.

use super::{MAX_BLOCKS, Mistake, cell};
use crate::{Column, Place, Row};

pub(super) fn check(rows: &[Row]) -> Vec<Mistake> {
    if rows.is_empty() {
        let message = "the table is empty; it must have at least one row".to_owned();
        return vec![Mistake { place: Place::Table, message }];
    }
    let mut mistakes = Vec::new();
    let mut blocks = 0_usize;
    for (index, row) in rows.iter().enumerate() {
        let before = blocks;
        blocks = blocks.saturating_add(row.repeats);
        if before <= MAX_BLOCKS && blocks > MAX_BLOCKS {
            mistakes.push(too_many_blocks(index, row.repeats, before));
        }
        mistakes.extend(check_cells(index, row));
        if let Some(above) = index.checked_sub(1).map(|above| &rows[above])
            && above.out_channels != row.in_channels
            && above.out_channels > 0
            && row.in_channels > 0
        {
            let (above, own) = (above.out_channels, row.in_channels);
            let message = format!("in is {own}, but the row above puts out {above} channels; they must be equal");
            mistakes.push(Mistake { place: Place::Cell(index, Column::In), message });
        }
    }
    mistakes.sort_by_key(|mistake| mistake.place);
    mistakes
}

fn check_cells(index: usize, row: &Row) -> impl Iterator<Item = Mistake> {
    let whole = [
        (Column::Repeats, row.repeats, row.repeats > 0),
        (Column::Kernel, row.kernel, matches!(row.kernel, 3 | 5 | 7)),
        (Column::Stride, row.stride, matches!(row.stride, 1 | 2)),
        (Column::Expansion, row.expansion, row.expansion > 0),
        (Column::In, row.in_channels, row.in_channels > 0),
        (Column::Out, row.out_channels, row.out_channels > 0),
    ];
    let wrong = whole.into_iter().filter(|(.., legal)| !legal);
    let wrong = wrong.map(move |(column, value, _)| cell(index, column, value));
    let se_ratio = row.se_ratio;
    wrong.chain((!(0.0..=1.0).contains(&se_ratio)).then(|| cell(index, Column::SeRatio, se_ratio)))
}

fn too_many_blocks(index: usize, repeats: usize, before: usize) -> Mistake {
    let message = match before {
        0 => format!("repeats is {repeats}; a network has at most {MAX_BLOCKS} blocks"),
        _ => {
            format!("repeats is {repeats}, on top of {before} blocks above; a network has at most {MAX_BLOCKS} blocks")
        }
    };
    Mistake { place: Place::Cell(index, Column::Repeats), message }
}
