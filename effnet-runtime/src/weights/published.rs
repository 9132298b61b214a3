//! The published networks, told by their tables: implementations prepare images differently for each.

use effnet_spec::{Operator, Row, Scaling, Settings, Spec};

/// A network, or a series of networks, that implementations have weights for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    S,
    M,
    L,
    Xl,
    /// B0 to B3, whose weights automl trained with its first version's images.
    Base,
}

/// Stride and expansion of each stage, the same in all of the paper's tables. The first three stages are fused.
const STAGES: [(usize, usize); 7] = [(1, 1), (2, 4), (2, 4), (2, 4), (1, 6), (2, 6), (1, 6)];

/// Width and depth of B0 to B3: `efficientnetv2_params` of automl's `effnetv2_configs.py`.
const SCALES: [(f64, f64); 4] = [(1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4)];

impl Published {
    /// The network that a table describes, if it is a published one. Only what changes the stages counts: a relative with
    /// as many blocks and the same width is none.
    pub(super) fn of(spec: &Spec) -> Option<Self> {
        let activates_alike = spec.settings.activation == Settings::DEFAULT.activation;
        let is = |published: &Self| published.scales().any(|rows| rows == *spec.rows);
        [Self::S, Self::M, Self::L, Self::Xl, Self::Base].into_iter().find(|published| activates_alike && is(published))
    }

    /// Channels out of the stem.
    const fn stem(self) -> usize {
        match self {
            Self::Base => 32,
            _ => self.stages()[0].1,
        }
    }

    /// Blocks and output channels of each stage: `v2_s_block` to `v2_base_block` of automl's `effnetv2_configs.py`.
    const fn stages(self) -> &'static [(usize, usize)] {
        match self {
            Self::S => &[(2, 24), (4, 48), (4, 64), (6, 128), (9, 160), (15, 256)],
            Self::M => &[(3, 24), (5, 48), (5, 80), (7, 160), (14, 176), (18, 304), (5, 512)],
            Self::L => &[(4, 32), (7, 64), (7, 96), (10, 192), (19, 224), (25, 384), (7, 640)],
            Self::Xl => &[(4, 32), (8, 64), (8, 96), (16, 192), (24, 256), (32, 512), (8, 640)],
            Self::Base => &[(1, 16), (2, 32), (2, 48), (3, 96), (5, 112), (8, 192)],
        }
    }

    /// The rows of its table, a series' without scaling.
    pub(crate) fn rows(self) -> impl Iterator<Item = Row> {
        let mut channels = self.stem();
        self.stages().iter().zip(STAGES).enumerate().map(move |(stage, (&(repeats, out), (stride, expansion)))| {
            let in_channels = std::mem::replace(&mut channels, out);
            let (operator, se_ratio) = if stage < 3 { (Operator::Fused, 0.0) } else { (Operator::MbConv, 0.25) };
            Row::new(repeats, 3, stride, expansion, in_channels, out, operator, se_ratio)
        })
    }

    /// The rows of each of its networks' tables.
    fn scales(self) -> impl Iterator<Item = Vec<Row>> {
        let scales = if self == Self::Base { &SCALES[..] } else { &SCALES[..1] };
        let spec = Spec { name: "".into(), rows: self.rows().collect(), settings: Settings::DEFAULT };
        scales.iter().map(move |&(width, depth)| spec.scaled(&Scaling::v2(width, depth)).rows.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(rows: Vec<Row>) -> Spec {
        Spec { name: "Relative".into(), rows: rows.into(), settings: Settings::DEFAULT }
    }

    #[test]
    fn tables_are_told_by_their_rows() {
        for published in [Published::S, Published::M, Published::L, Published::Xl] {
            let mut spec = spec(published.rows().collect());
            assert!(spec.validate().is_empty());
            assert_eq!(Published::of(&spec), Some(published));
            // A classifier of other features, or images of other channels, leave the stages as they are.
            (spec.settings.num_features, spec.settings.in_channels) = (640, 1);
            assert_eq!(Published::of(&spec), Some(published));
        }
        for (width, depth) in SCALES {
            let scaled = spec(Published::Base.rows().collect()).scaled(&Scaling::v2(width, depth));
            assert!(scaled.validate().is_empty());
            assert_eq!(Published::of(&scaled), Some(Published::Base));
        }
    }

    #[test]
    fn a_relative_with_as_many_blocks_and_the_same_width_is_none() {
        let mut moved: Vec<Row> = Published::S.rows().collect();
        (moved[4].repeats, moved[5].repeats) = (moved[4].repeats + 1, moved[5].repeats - 1);
        let mut kernels: Vec<Row> = Published::L.rows().collect();
        kernels[6].kernel = 5;
        for (rows, blocks, width) in [(moved, 40, 256), (kernels, 79, 640)] {
            let spec = spec(rows);
            assert_eq!((spec.num_blocks(), spec.last_channels()), (blocks, width));
            assert_eq!(Published::of(&spec), None);
        }
        let narrowing = spec(vec![Row::new(1, 3, 1, 1, 32, 16, Operator::Fused, 0.0)]);
        assert_eq!(Published::of(&narrowing), None);
        let mut rectified = spec(Published::S.rows().collect());
        rectified.settings.activation = effnet_spec::Activation::Relu;
        assert_eq!(Published::of(&rectified), None);
    }
}
