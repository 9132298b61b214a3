//! The published networks, told by their tables: implementations prepare images differently for each.

mod tables;

use effnet_spec::grammar::parse_table;
use effnet_spec::plan::Conv;
use effnet_spec::{Block, Gate, Spec};

use tables::{TABLES, Table};

/// A network that implementations have weights for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) series: Series,
    /// Its place among the scalings of the series' table: 3 of B3 and of Lite3, 9 of L2.
    pub(crate) number: usize,
}

/// Networks that were published together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Series {
    S,
    M,
    L,
    Xl,
    /// EfficientNetV2's B0 to B3, whose weights automl trained with its first version's images.
    Base,
    /// The first EfficientNet's B0 to B8, and L2.
    V1,
    Lite,
    EdgeTpu,
    /// timm's own relatives of EfficientNetV2: `efficientnetv2_rw_t`, `_s` and `_m`.
    Rw,
    MobileNetV2,
    /// MnasNet with and without squeeze-and-excitation, and its small one.
    Mnas,
    FbNetC,
    SpNas,
    MobileNetV3,
    TinyNet,
}

impl Published {
    /// The network that a table describes, if it is a published one. Only what the stem and the stages compute counts,
    /// whatever words say it: a relative with as many blocks and the same width is none.
    pub(super) fn of(spec: &Spec) -> Option<Self> {
        Self::all().find(|(_, published)| computes_as(published, spec)).map(|(published, _)| published)
    }

    /// timm's name of an EfficientNet, without the `tf_` of converted weights, and its table with the width of its head.
    pub(super) fn timm_name(spec: &Spec) -> Option<(&'static str, Spec)> {
        let (table, number, published) = tables().find(|(_, _, published)| computes_as(published, spec))?;
        Some((table.names.get(number)?, published))
    }

    /// All of them, with their tables.
    pub(crate) fn all() -> impl Iterator<Item = (Self, Spec)> {
        tables().map(|(table, number, spec)| (Self { series: table.series, number }, spec))
    }
}

/// Every scaling of every table, with its place among the table's.
fn tables() -> impl Iterator<Item = (&'static Table, usize, Spec)> {
    let parsed = TABLES.iter().filter_map(|table| Some((table, parse_table("", table.text).ok()?)));
    parsed.flat_map(|(table, base)| {
        let scaled = move |(number, scaling)| (table, number, base.scaled(scaling));
        table.scalings.iter().enumerate().map(scaled)
    })
}

/// Whether stem and stages of two tables compute the same.
fn computes_as(published: &Spec, spec: &Spec) -> bool {
    (stem(published), published.num_blocks()) == (stem(spec), spec.num_blocks()) && blocks(published).eq(blocks(spec))
}

/// The stem's convolution, of images of any channels.
fn stem(spec: &Spec) -> Conv {
    Conv { in_channels: 0, ..spec.stem_conv() }
}

/// The blocks, whatever their drop path. The functions of a squeeze-and-excitation count where there is one.
fn blocks(spec: &Spec) -> impl Iterator<Item = Block> {
    spec.blocks().map(|block| {
        let (se_activation, gate) =
            if block.squeezed > 0 { (block.se_activation, block.gate) } else { (block.activation, Gate::Sigmoid) };
        Block { row: 0, drop_path: 0.0, se_activation, gate, ..block }
    })
}

#[cfg(test)]
mod tests {
    use effnet_spec::{Activation, Operator, Row, SeOf, Settings};

    use super::*;

    fn of(series: Series) -> Spec {
        Published::all().find(|(published, _)| published.series == series).unwrap().1
    }

    #[test]
    fn tables_are_told_by_their_rows() {
        let scalings: usize = TABLES.iter().map(|table| table.scalings.len()).sum();
        let mut told = 0;
        for (published, mut spec) in Published::all() {
            assert!(spec.validate().is_empty(), "{published:?}");
            assert_eq!(Published::of(&spec), Some(published));
            // A classifier of other features, or images of other channels, leave the stages as they are.
            (spec.settings.num_features, spec.settings.in_channels) = (640, 1);
            assert_eq!(Published::of(&spec), Some(published));
            told += 1;
        }
        assert_eq!(told, scalings, "a table cannot be read");
    }

    #[test]
    fn a_relative_with_as_many_blocks_and_the_same_width_is_none() {
        let mut moved = of(Series::S);
        let rows = moved.rows.to_mut();
        (rows[4].repeats, rows[5].repeats) = (rows[4].repeats + 1, rows[5].repeats - 1);
        let mut kernels = of(Series::L);
        kernels.rows.to_mut()[6].kernel = 5;
        for (spec, blocks, width) in [(moved, 40, 256), (kernels, 79, 640)] {
            assert_eq!((spec.num_blocks(), spec.last_channels()), (blocks, width));
            assert_eq!(Published::of(&spec), None);
        }
        let rows = vec![Row::new(1, 3, 1, 1, 32, 16, Operator::Fused, 0.0)];
        let narrowing = Spec { name: "Relative".into(), rows: rows.into(), settings: Settings::DEFAULT };
        assert_eq!(Published::of(&narrowing), None);
        let mut rectified = of(Series::S);
        rectified.settings.activation = Activation::Relu;
        assert_eq!(Published::of(&rectified), None);
    }

    #[test]
    fn every_word_that_changes_the_stages_makes_a_relative() {
        let changes: [fn(&mut Settings); 4] = [
            |settings| settings.stem_kernel = 5,
            |settings| settings.se_gate = Gate::HardSigmoid,
            |settings| settings.se_activation = Some(Activation::Relu),
            |settings| settings.se_of = SeOf::Expanded,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut spec = of(Series::S);
            change(&mut spec.settings);
            assert_eq!(Published::of(&spec), None, "{number}");
        }
        let mut without = of(Series::S);
        without.rows.to_mut()[1].shortcut = false;
        assert_eq!(Published::of(&without), None);
        // Other words for the same layers.
        let mut same = of(Series::S);
        let row = &mut same.rows.to_mut()[0];
        (row.activation, same.settings.drop_path) = (Some(Activation::Silu), 0.5);
        assert_eq!(Published::of(&same).map(|published| published.series), Some(Series::S));
    }
}
