//! A stage table with its settings.

use std::borrow::Cow;

use crate::{Block, Row, Settings};

/// A network: its name, its rows and its settings.
///
/// Channels and repeats are those of the network itself: `width` and `depth` have been applied.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Spec {
    /// Name of the generated type, or of the table's file.
    pub name: Cow<'static, str>,
    /// The rows, first to last.
    pub rows: Cow<'static, [Row]>,
    /// Everything else.
    #[cfg_attr(feature = "serde", serde(default))]
    pub settings: Settings,
}

impl Spec {
    /// The rows as a slice, in a constant too.
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

    /// The rows of each stage, first to last.
    pub fn stages(&self) -> impl Iterator<Item = &[Row]> {
        self.rows().chunk_by(|_, next| next.same_stage)
    }

    /// The stage of each row, from 0.
    pub(crate) fn stage_of_rows(&self) -> impl Iterator<Item = usize> {
        self.stages().enumerate().flat_map(|(stage, rows)| rows.iter().map(move |_| stage))
    }

    /// Whether the table says more than rows of eight cells and the settings that tables had first: who reads those only
    /// would take it for another network.
    #[doc(hidden)]
    pub fn has_new_words(&self) -> bool {
        let Settings { head, head_bias, stem_kernel, se_gate, se_activation, se_of, .. } = &self.settings;
        let words = (head, head_bias, stem_kernel, se_gate, se_activation, se_of);
        let Settings { head, head_bias, stem_kernel, se_gate, se_activation, se_of, .. } = &Settings::DEFAULT;
        let in_rows = self.rows().iter().any(|row| !row.shortcut || row.to_block_string().is_none());
        in_rows || words != (head, head_bias, stem_kernel, se_gate, se_activation, se_of)
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
        let rows = self.rows.iter().enumerate().scan((0, 0), |(stages, repeats), (index, row)| {
            if !row.same_stage || index == 0 {
                (*stages, *repeats) = (*stages + 1, 0);
            }
            let above = std::mem::replace(repeats, *repeats + row.repeats);
            Some((index, row, *stages - 1, above))
        });
        let blocks = rows.flat_map(move |(index, row, stage, above)| {
            let block =
                move |repeat| Block { row: index, stage, repeat: above + repeat, ..row.block(&self.settings, repeat) };
            (0..row.repeats).map(block)
        });
        blocks.enumerate().map(move |(index, block)| Block {
            index,
            drop_path: self.settings.drop_path * index as f64 / total,
            ..block
        })
    }
}
