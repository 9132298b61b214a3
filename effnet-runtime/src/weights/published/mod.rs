//! The published networks, told by their tables: implementations prepare images differently for each.

mod tables;

use effnet_spec::Spec;
use effnet_spec::grammar::parse_table;

use tables::TABLES;

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
    /// The network that a table describes, if it is a published one. Only what changes the stages counts: a relative with
    /// as many blocks and the same width is none.
    pub(super) fn of(spec: &Spec) -> Option<Self> {
        let stages = |of: &Spec| of.rows == spec.rows && of.settings.activation == spec.settings.activation;
        Self::all().find(|(_, published)| stages(published)).map(|(published, _)| published)
    }

    /// All of them, with their tables.
    pub(crate) fn all() -> impl Iterator<Item = (Self, Spec)> {
        let parsed = TABLES.iter().filter_map(|table| Some((table, parse_table("", table.text).ok()?)));
        parsed.flat_map(|(table, base)| {
            let series = table.series;
            let scaled = move |(number, scaling)| (Self { series, number }, base.scaled(scaling));
            table.scalings.iter().enumerate().map(scaled)
        })
    }
}

#[cfg(test)]
mod tests {
    use effnet_spec::{Activation, Operator, Row, Settings};

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
}
