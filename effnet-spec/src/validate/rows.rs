//! Mistakes in the rows.

use crate::{Column, Error, MAX_BLOCKS, Mistake, Place, Row};

pub(super) fn check(rows: &[Row]) -> Vec<Error<Place>> {
    if rows.is_empty() {
        return vec![Error { place: Place::Table, mistake: Mistake::EmptyTable }];
    }
    let mut errors = Vec::new();
    let mut blocks = 0_usize;
    for (index, row) in rows.iter().enumerate() {
        let above = blocks;
        blocks = blocks.saturating_add(row.repeats);
        if above <= MAX_BLOCKS && blocks > MAX_BLOCKS {
            let mistake = Mistake::TooManyBlocks { repeats: row.repeats, above };
            errors.push(Error { place: Place::Cell(index, Column::Repeats), mistake });
        }
        errors.extend(check_cells(index, row));
        let takes = row.in_channels;
        let above = index.checked_sub(1).map_or(takes, |above| rows[above].out_channels);
        if above != takes && above > 0 && takes > 0 {
            let mistake = Mistake::UnlikeRowAbove { takes, above };
            errors.push(Error { place: Place::Cell(index, Column::In), mistake });
        }
    }
    errors.sort_by_key(|error| error.place);
    errors
}

fn check_cells(index: usize, row: &Row) -> impl Iterator<Item = Error<Place>> {
    let whole = [
        (Column::Repeats, row.repeats, row.repeats > 0),
        (Column::Kernel, row.kernel, matches!(row.kernel, 3 | 5 | 7)),
        (Column::Stride, row.stride, matches!(row.stride, 1 | 2)),
        (Column::Expansion, row.expansion, row.expansion > 0),
        (Column::In, row.in_channels, row.in_channels > 0),
        (Column::Out, row.out_channels, row.out_channels > 0),
    ];
    let wrong = whole.into_iter().filter(|(.., legal)| !legal);
    let wrong = wrong.map(move |(column, value, _)| Error::cell(index, column, value));
    let ratio = row.se_ratio;
    wrong.chain((!(0.0..=1.0).contains(&ratio)).then(|| Error::cell(index, Column::SeRatio, ratio)))
}
