//! The names that a table gives values to.

use std::fmt;

use crate::{Column, Key, Limit, Operator, RowOption};

/// The keys of a block string, each with what a list says of it, in the order of [`Column::ALL`].
pub(super) const BLOCK_KEYS: [(&str, &str); 8] = [
    ("r", Column::Repeats.name()),
    ("k", Column::Kernel.name()),
    ("s", Column::Stride.name()),
    ("e", Column::Expansion.name()),
    ("i", Column::In.name()),
    ("o", Column::Out.name()),
    ("c", Operator::AUTOML),
    ("se", Column::SeRatio.name()),
];

/// The key that a block string has for a column.
pub(crate) const fn block_key(column: Column) -> &'static str {
    BLOCK_KEYS[column as usize].0
}

/// A name that a table gives a value to. Displayed, it is the name as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// A cell of a row.
    Cell(Column),
    /// The key that a block string has for a cell.
    BlockKey(Column),
    /// An option of a row.
    Option(RowOption),
    /// A setting.
    Setting(Key),
    /// A limit of a budget.
    Limit(Limit),
}

impl Name {
    /// The values that it may have.
    pub(super) const fn legal(self) -> &'static str {
        match self {
            Self::Cell(Column::Kernel) => "3, 5 or 7",
            Self::Setting(Key::StemKernel) => "1, 3, 5 or 7",
            Self::Option(
                RowOption::SameStage | RowOption::Shortcut | RowOption::ExpandConv | RowOption::ProjectActivation,
            )
            | Self::Setting(Key::HeadBias | Key::FixedFeatures) => "`true` or `false`",
            Self::Cell(Column::Stride) => "1 or 2",
            Self::Cell(Column::SeRatio) => "a number from 0 (no squeeze-and-excitation) to 1",
            Self::Cell(Column::Repeats | Column::Expansion | Column::In | Column::Out)
            | Self::Option(RowOption::Expanded | RowOption::Squeezed)
            | Self::Setting(
                Key::InChannels | Key::Stem | Key::NumFeatures | Key::MinFeatures | Key::TrainSize | Key::EvalSize,
            )
            | Self::Limit(Limit::At) => "a positive whole number",
            Self::BlockKey(Column::Operator) => Operator::AUTOML_LEGAL,
            Self::BlockKey(Column::SeRatio) => "a number",
            Self::BlockKey(_) => "a whole number",
            Self::Setting(Key::Dropout | Key::DropPath) => "a number from 0 to below 1",
            Self::Setting(Key::BnMomentum) => "a number from 0 to 0.5",
            Self::Setting(Key::BnEps) => "a positive number",
            Self::Setting(Key::Width | Key::Depth) => "a number from 0.01 to 100",
            Self::Setting(Key::Mean) => "one number from -1 to 1, or one for each channel",
            Self::Setting(Key::Std) => "one positive number up to 1, or one for each channel",
            Self::Setting(Key::Budget) => "limits such as `{ params: 22M, macs: 8.4G, at: 384 }`",
            Self::Setting(Key::Crate) => "a path such as `crate::effnet`",
            Self::Limit(Limit::Params | Limit::Macs) => {
                "a positive whole number once `k`, `M` or `G` is applied, such as `22M`"
            }
            // Each has its own vocabulary: what is none of it is `Mistake::Unknown`.
            Self::Cell(Column::Operator)
            | Self::Option(RowOption::Activation)
            | Self::Setting(
                Key::Padding
                | Key::Activation
                | Key::SeGate
                | Key::SeActivation
                | Key::SeOf
                | Key::Head
                | Key::Scale
                | Key::DepthRounding,
            ) => "one of its names",
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cell(column) => column.name(),
            Self::BlockKey(column) => block_key(*column),
            Self::Option(option) => option.name(),
            Self::Setting(key) => key.name(),
            Self::Limit(limit) => limit.name(),
        })
    }
}
