//! One row of a stage table.

use std::fmt;

use crate::rounding::round_guarded;
use crate::{Activation, Block, Operator, RowOption, SeOf, Settings};

/// The most blocks that all rows may have together.
pub const MAX_BLOCKS: usize = 1_000;

/// Blocks of one kind, one after the other: the 8-tuple of WZMIAOMIAO's `Test11_efficientnetV2`, in its order, and
/// options behind it. A row is a stage, but for rows that continue the stage above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// How many blocks the row has.
    pub repeats: usize,
    /// Side of the k×k kernel: 3, 5 or 7; of a `conv` block 1 too.
    pub kernel: usize,
    /// Stride of the row's first block: 1 or 2. The others have stride 1.
    pub stride: usize,
    /// Channels between a block's expansion and its projection.
    pub expansion: Expansion,
    /// Channels into the row's first block.
    pub in_channels: usize,
    /// Channels out of every block of the row.
    pub out_channels: usize,
    /// The block that the row repeats.
    pub operator: Operator,
    /// Squeezed channels of a block's squeeze-and-excitation.
    pub squeeze: Squeeze,
    /// Whether blocks of stride 1 with as many channels out as in add their input to their output.
    pub shortcut: bool,
    /// Whether a block expands by a convolution even where its expansion is 1.
    pub expand_conv: bool,
    /// The blocks' non-linearity, if it is not the network's.
    pub activation: Option<Activation>,
    /// Whether the non-linearity follows a block's projection too.
    pub project_activation: bool,
    /// Whether the row continues the stage of the row above.
    pub same_stage: bool,
}

/// Channels between a block's expansion and its projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expansion {
    /// The factor of the block's input channels. With 1, a block has no expand convolution.
    Ratio(usize),
    /// This many, whatever the input's; `width` does not scale them.
    Channels(usize),
}

/// Squeezed channels of a block's squeeze-and-excitation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Squeeze {
    /// A share of the channels that [`Settings::se_of`] names; 0 for no squeeze-and-excitation.
    Ratio(f64),
    /// This many; `width` does not scale them.
    Channels(usize),
}

impl Row {
    /// A row from its eight cells, in the table's order, without options.
    #[allow(clippy::too_many_arguments, reason = "the eight cells of a table's row, in its order")]
    pub const fn new(
        repeats: usize,
        kernel: usize,
        stride: usize,
        expansion: usize,
        in_channels: usize,
        out_channels: usize,
        operator: Operator,
        se_ratio: f64,
    ) -> Self {
        Self {
            repeats,
            kernel,
            stride,
            expansion: Expansion::Ratio(expansion),
            in_channels,
            out_channels,
            operator,
            squeeze: Squeeze::Ratio(se_ratio),
            shortcut: operator.block_type().has_shortcut,
            expand_conv: false,
            activation: None,
            project_activation: false,
            same_stage: false,
        }
    }

    /// The row's block at this repeat, as if the row were the network's first and without drop path.
    pub(crate) const fn block(&self, settings: &Settings, repeat: usize) -> Block {
        let (in_channels, stride) = if repeat == 0 { (self.in_channels, self.stride) } else { (self.out_channels, 1) };
        let (expanded, expands) = match self.expansion {
            Expansion::Ratio(ratio) => (in_channels.saturating_mul(ratio), ratio != 1 || self.expand_conv),
            Expansion::Channels(channels) => (channels, true),
        };
        let activation = match self.activation {
            Some(activation) => activation,
            None => settings.activation,
        };
        Block {
            index: repeat,
            row: 0,
            stage: 0,
            repeat,
            operator: self.operator,
            kernel: self.kernel,
            stride,
            expands,
            in_channels,
            out_channels: self.out_channels,
            expanded,
            squeezed: self.squeezed(settings.se_of, in_channels, expanded),
            shortcut: self.shortcut,
            activation,
            project_activation: self.project_activation,
            se_activation: match settings.se_activation {
                Some(inner) => inner,
                None => activation,
            },
            gate: settings.se_gate,
            drop_path: 0.0,
        }
    }

    /// Squeezed channels of a block; 0 without squeeze-and-excitation. A share of the input is the product in f64,
    /// truncated, as Python's `int` does, and at least 1.
    const fn squeezed(&self, se_of: SeOf, in_channels: usize, expanded: usize) -> usize {
        match (self.squeeze, se_of) {
            (Squeeze::Channels(channels), _) => channels,
            (Squeeze::Ratio(ratio), SeOf::Input) => match (in_channels as f64 * ratio) as usize {
                0 if ratio > 0.0 => 1,
                channels => channels,
            },
            (Squeeze::Ratio(ratio), SeOf::Expanded) if ratio > 0.0 => round_guarded(expanded as f64 * ratio),
            (Squeeze::Ratio(_), SeOf::Expanded) => 0,
        }
    }

    /// The options that the row has, each with its value as it is written.
    pub(crate) fn options(&self) -> impl Iterator<Item = (RowOption, String)> {
        let row = *self;
        RowOption::ALL.into_iter().filter_map(move |option| Some((option, row.option(option)?)))
    }

    /// The value of an option as it is written, if it is not at its default.
    fn option(&self, option: RowOption) -> Option<String> {
        let flag = |value: bool, default: bool| (value != default).then(|| value.to_string());
        match option {
            RowOption::SameStage => flag(self.same_stage, false),
            RowOption::Shortcut => flag(self.shortcut, self.operator.block_type().has_shortcut),
            RowOption::Expanded => match self.expansion {
                Expansion::Channels(channels) => Some(channels.to_string()),
                Expansion::Ratio(_) => None,
            },
            RowOption::ExpandConv => flag(self.expand_conv, false),
            RowOption::Squeezed => match self.squeeze {
                Squeeze::Channels(channels) => Some(channels.to_string()),
                Squeeze::Ratio(_) => None,
            },
            RowOption::Activation => self.activation.map(|activation| activation.to_string()),
            RowOption::ProjectActivation => flag(self.project_activation, false),
        }
    }
}

/// The cell as it is written: `_` where an option says the channels.
impl fmt::Display for Expansion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(ratio) => ratio.fmt(f),
            Self::Channels(_) => f.write_str("_"),
        }
    }
}

/// The cell as it is written: `_` where an option says the channels.
impl fmt::Display for Squeeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(ratio) => ratio.fmt(f),
            Self::Channels(_) => f.write_str("_"),
        }
    }
}

/// The row as a stage table has it: `[2, 3, 1, 1, 24, 24, fused, 0]`.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { repeats, kernel, stride, expansion, in_channels, out_channels, operator, squeeze, .. } = self;
        write!(f, "[{repeats}, {kernel}, {stride}, {expansion}, {in_channels}, {out_channels}, {operator}, {squeeze}")?;
        let options: Vec<String> = self.options().map(|(option, value)| format!("{option}: {value}")).collect();
        if !options.is_empty() {
            write!(f, ", {{ {} }}", options.join(", "))?;
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_a_row_as_the_macro_takes_it() {
        let row = Row::new(6, 3, 2, 4, 64, 128, Operator::MbConv, 0.25);
        assert_eq!(row.to_string(), "[6, 3, 2, 4, 64, 128, mbconv, 0.25]");
        assert_eq!(Row::new(2, 3, 1, 1, 24, 24, Operator::Fused, 0.0).to_string(), "[2, 3, 1, 1, 24, 24, fused, 0]");
    }

    #[test]
    fn prints_the_options_that_a_row_has() {
        let (expansion, squeeze) = (Expansion::Channels(96), Squeeze::Channels(6));
        let row = Row::new(6, 3, 1, 0, 24, 24, Operator::MbConv, 0.0);
        let row = Row { expansion, squeeze, shortcut: false, activation: Some(Activation::HardSwish), ..row };
        assert_eq!(
            row.to_string(),
            "[6, 3, 1, _, 24, 24, mbconv, _, { shortcut: false, expanded: 96, squeezed: 6, activation: hard_swish }]"
        );
    }
}
