//! A stage table with its settings.

use std::borrow::Cow;

use crate::{Block, Row, Settings};

/// A network: its name, its stages and its settings.
///
/// Channels and repeats are those of the network itself: `width` and `depth` have been applied.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Spec {
    /// Name of the generated type, or of the table's file.
    pub name: Cow<'static, str>,
    /// The stages, first to last.
    pub rows: Cow<'static, [Row]>,
    /// Everything else.
    pub settings: Settings,
}

impl Spec {
    /// Channels out of the stem: the first row's input. 0 for an empty table.
    pub fn stem_channels(&self) -> usize {
        self.rows.first().map_or(0, |row| row.in_channels)
    }

    /// Channels out of the last stage, into the head. 0 for an empty table.
    pub fn last_channels(&self) -> usize {
        self.rows.last().map_or(0, |row| row.out_channels)
    }

    /// How many blocks all stages have together.
    pub fn num_blocks(&self) -> usize {
        self.rows.iter().map(|row| row.repeats).sum()
    }

    /// The network's blocks, first to last.
    pub fn blocks(&self) -> impl Iterator<Item = Block> + '_ {
        let total = self.num_blocks();
        self.rows
            .iter()
            .enumerate()
            .flat_map(|(stage, row)| (0..row.repeats).map(move |repeat| (stage, row, repeat)))
            .enumerate()
            .map(move |(index, (stage, row, repeat))| {
                Block::unroll(index, stage, row, repeat, self.settings.drop_path * index as f64 / total as f64)
            })
    }
}
