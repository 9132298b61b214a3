//! A stage table with its settings.

use std::borrow::Cow;

use crate::{Block, Row, Settings};

/// A network: its name, its stages and its settings.
///
/// Channels and repeats are those of the network itself: `width` and `depth` have been applied.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Spec {
    /// Name of the generated type, or of the table's file.
    pub name: Cow<'static, str>,
    /// The stages, first to last.
    pub rows: Cow<'static, [Row]>,
    /// Everything else.
    #[cfg_attr(feature = "serde", serde(default))]
    pub settings: Settings,
}

impl Spec {
    /// The stages as a slice, in a constant too.
    pub const fn rows(&self) -> &[Row] {
        match &self.rows {
            Cow::Borrowed(rows) => rows,
            Cow::Owned(rows) => rows.as_slice(),
        }
    }

    /// Channels out of the stem: the first row's input. 0 for an empty table.
    pub const fn stem_channels(&self) -> usize {
        match self.rows() {
            [first, ..] => first.in_channels,
            [] => 0,
        }
    }

    /// Channels out of the last stage, into the head. 0 for an empty table.
    pub const fn last_channels(&self) -> usize {
        match self.rows() {
            [.., last] => last.out_channels,
            [] => 0,
        }
    }

    /// The number of blocks of all stages.
    pub const fn num_blocks(&self) -> usize {
        let (mut blocks, mut rest) = (0usize, self.rows());
        while let [row, behind @ ..] = rest {
            blocks = blocks.saturating_add(row.repeats);
            rest = behind;
        }
        blocks
    }

    /// The network's blocks, first to last.
    pub fn blocks(&self) -> impl Iterator<Item = Block> + '_ {
        let total = self.num_blocks() as f64;
        let stages = self.rows.iter().enumerate();
        let blocks = stages.flat_map(|(stage, row)| (0..row.repeats).map(move |repeat| (stage, row.block(repeat))));
        blocks.enumerate().map(move |(index, (stage, block))| Block {
            index,
            stage,
            drop_path: self.settings.drop_path * index as f64 / total,
            ..block
        })
    }
}
