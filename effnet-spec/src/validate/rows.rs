//! Mistakes in the rows.

use crate::{Column, Error, Expansion, MAX_BLOCKS, Mistake, Place, Row, RowOption, Settings, Squeeze};

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
        errors.extend(
            check_options(row, index == 0)
                .map(|(option, mistake)| Error { place: Place::Option(index, option), mistake }),
        );
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

fn check_cells(index: usize, row: &Row) -> Vec<Error<Place>> {
    let mut errors = Vec::new();
    for (column, value, legal) in [
        (Column::Repeats, row.repeats, row.repeats > 0),
        (Column::Stride, row.stride, matches!(row.stride, 1 | 2)),
        (Column::In, row.in_channels, row.in_channels > 0),
        (Column::Out, row.out_channels, row.out_channels > 0),
    ] {
        errors.extend((!legal).then(|| Error::cell(index, column, value)));
    }
    let operator = row.operator;
    let block_type = operator.block_type();
    let mut wrong = |column, mistake| errors.push(Error { place: Place::Cell(index, column), mistake });
    if !block_type.kernels.contains(&row.kernel) {
        wrong(Column::Kernel, Mistake::IllegalKernel { kernel: row.kernel, legal: block_type.kernels });
    }
    match row.expansion {
        Expansion::Ratio(0) => errors.push(Error::cell(index, Column::Expansion, 0)),
        Expansion::Ratio(ratio) if ratio != 1 && !block_type.expands => {
            wrong(Column::Expansion, Mistake::NoExpansion { operator, value: ratio.to_string() });
        }
        _ => {}
    }
    match row.squeeze {
        Squeeze::Ratio(ratio) if !(0.0..=1.0).contains(&ratio) => {
            errors.push(Error::cell(index, Column::SeRatio, ratio));
        }
        Squeeze::Ratio(ratio) if ratio > 0.0 && !block_type.expands => {
            let mistake = Mistake::NoSqueeze { operator, value: ratio.to_string() };
            errors.push(Error { place: Place::Cell(index, Column::SeRatio), mistake });
        }
        _ => {}
    }
    errors
}

/// At most one mistake for an option.
fn check_options(row: &Row, is_first: bool) -> impl Iterator<Item = (RowOption, Mistake)> {
    let operator = row.operator;
    let block_type = operator.block_type();
    let illegal = |option| Mistake::Illegal { name: crate::Name::Option(option), value: "0".to_owned() };
    let unused = |option| (!block_type.expands).then_some(Mistake::OptionOfOthers { option, operator });
    let expanded = match row.expansion {
        Expansion::Channels(channels) => {
            unused(RowOption::Expanded).or_else(|| (channels == 0).then(|| illegal(RowOption::Expanded)))
        }
        Expansion::Ratio(_) => None,
    };
    let squeezed = match row.squeeze {
        Squeeze::Channels(channels) => {
            unused(RowOption::Squeezed).or_else(|| (channels == 0).then(|| illegal(RowOption::Squeezed)))
        }
        Squeeze::Ratio(_) => None,
    };
    let expand_conv = row.expand_conv.then(|| {
        let needless = !matches!(row.expansion, Expansion::Ratio(0 | 1));
        unused(RowOption::ExpandConv).or_else(|| needless.then_some(Mistake::AlreadyExpands))
    });
    let project_activation = row.project_activation.then(|| {
        let projects = row.block(&Settings::DEFAULT, 0).projects();
        unused(RowOption::ProjectActivation).or_else(|| (!projects).then_some(Mistake::NothingProjects))
    });
    let same_stage = (row.same_stage && is_first).then_some(Mistake::NoStageAbove);
    let found = [
        (RowOption::SameStage, same_stage),
        (RowOption::Expanded, expanded),
        (RowOption::ExpandConv, expand_conv.flatten()),
        (RowOption::Squeezed, squeezed),
        (RowOption::ProjectActivation, project_activation.flatten()),
    ];
    found.into_iter().filter_map(|(option, mistake)| Some((option, mistake?)))
}
