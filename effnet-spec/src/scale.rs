//! Compound scaling, rounded as the implementations of each family do.

use crate::rounding::{round, round_guarded};
use crate::{Error, HeadKind, Key, Mistake, Place, Row, Settings, Spec, named};

named! {
    /// The family by whose rules a table is scaled.
    pub enum Scale: "scale" {
        /// EfficientNetV2: google/automl's `effnetv2_model.py`, `round_filters` and `round_repeats`.
        V2 = "v2",
        /// EfficientNet and MobileNet: as `v2`, but where rounding to 8 would take off over 10 %, channels go up.
        V1 = "v1",
        /// EfficientNet-Lite: as `v1`, but the stem, the head, and the repeats of the first and the last stage stay.
        Lite = "lite",
    }
}

named! {
    /// The way in which scaled repeats become whole.
    pub enum DepthRounding: "rounding" {
        /// To the next whole number.
        Up = "up",
        /// To the nearest whole number, of two the even one, and at least to 1.
        Nearest = "nearest",
    }
}

/// Factors that make a larger or smaller network of a table, and how they apply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    /// Factor of all channels that are cells of the table, and of the head's.
    pub width: f64,
    /// Factor of all repeats.
    pub depth: f64,
    /// The family by whose rules they apply.
    pub scale: Scale,
    /// The way in which repeats become whole.
    pub depth_rounding: DepthRounding,
    /// Whether the head's channels stay as they are (MnasNet).
    pub fixed_features: bool,
    /// The fewest channels that the head may have (MobileNetV2).
    pub min_features: usize,
}

impl Scaling {
    /// EfficientNetV2's, by these factors.
    pub const fn v2(width: f64, depth: f64) -> Self {
        let (scale, depth_rounding) = (Scale::V2, DepthRounding::Up);
        Self { width, depth, scale, depth_rounding, fixed_features: false, min_features: 0 }
    }

    /// Channels scaled by `width`: to the nearest multiple of 8, ties up, and at least 8. A width of 1 changes nothing,
    /// not even to a multiple of 8.
    fn channels(&self, channels: usize) -> usize {
        let scaled = channels as f64 * self.width;
        match self.scale {
            _ if self.width == 1.0 => channels,
            Scale::V2 => round(scaled),
            Scale::V1 | Scale::Lite => round_guarded(scaled),
        }
    }

    fn features(&self, settings: &Settings) -> usize {
        let features = settings.num_features;
        let fixed = self.fixed_features || self.scale == Scale::Lite || settings.head == HeadKind::None;
        if fixed { features } else { self.channels(features).max(self.min_features) }
    }

    /// The repeats of a stage's rows. They are scaled together, and shared out among the rows from the last to the first
    /// (timm's `_scale_stage_depth`).
    fn repeats(&self, rows: &[Row]) -> Vec<usize> {
        let mut left = rows.iter().fold(0_usize, |sum, row| sum.saturating_add(row.repeats));
        let mut left_scaled = match self.depth_rounding {
            DepthRounding::Up => (left as f64 * self.depth).ceil(),
            DepthRounding::Nearest => (left as f64 * self.depth).round_ties_even().max(1.0),
        };
        let mut scaled = vec![0; rows.len()];
        for (row, scaled) in rows.iter().zip(&mut scaled).rev() {
            // A row of no blocks, which is illegal, stays one.
            let fewest = row.repeats.min(1) as f64;
            let share = (row.repeats as f64 / left.max(1) as f64 * left_scaled).round_ties_even().max(fewest);
            *scaled = share as usize;
            left = left.saturating_sub(row.repeats);
            left_scaled -= share;
        }
        scaled
    }
}

impl Spec {
    /// The network scaled: the channels of its rows, the stem's and the head's by `width`, and all repeats by `depth`.
    ///
    /// ```
    /// # use effnet_spec::{Operator, Row, Scaling, Settings, Spec};
    /// # let rows = [Row::new(1, 3, 1, 1, 32, 16, Operator::Fused, 0.0)];
    /// # let b0 = Spec { name: "B0".into(), rows: rows.to_vec().into(), settings: Settings::DEFAULT };
    /// let b3 = b0.scaled(&Scaling::v2(1.2, 1.4));
    /// assert_eq!((b3.stem_channels(), b3.last_channels(), b3.settings.num_features), (40, 16, 1536));
    /// assert_eq!(b3.num_blocks(), 2);
    /// ```
    #[must_use]
    pub fn scaled(&self, scaling: &Scaling) -> Self {
        let mut rows = Vec::with_capacity(self.rows.len());
        let stages: Vec<&[Row]> = self.stages().collect();
        for (index, stage) in stages.iter().enumerate() {
            let at_end = index == 0 || index + 1 == stages.len();
            let by = if scaling.scale == Scale::Lite && at_end { Scaling { depth: 1.0, ..*scaling } } else { *scaling };
            rows.extend(stage.iter().zip(by.repeats(stage)).map(|(row, repeats)| Row {
                repeats,
                in_channels: scaling.channels(row.in_channels),
                out_channels: scaling.channels(row.out_channels),
                ..*row
            }));
        }
        if let (Scale::Lite, Some(first)) = (scaling.scale, rows.first_mut()) {
            first.in_channels = self.stem_channels();
        }
        let num_features = scaling.features(&self.settings);
        Self {
            name: self.name.clone(),
            rows: rows.into(),
            settings: Settings { num_features, ..self.settings.clone() },
        }
    }
}

impl Scaling {
    /// The mistakes in the factors.
    pub fn check(&self) -> Vec<Error<Place>> {
        let factors = [(Key::Width, self.width), (Key::Depth, self.depth)].into_iter();
        let wrong = factors.filter(|(_, factor)| !(0.01..=100.0).contains(factor));
        wrong.map(|(key, factor)| Error::setting(key, factor)).collect()
    }

    /// A mistake of a scaled network, at the factor that brought it about: the table itself has none.
    pub(crate) fn blame(&self, error: Error<Place>, scaled: &Spec, written: &Spec) -> Error<Place> {
        let (key, mistake) = match error.mistake {
            Mistake::TooManyBlocks { .. } => {
                let (depth, blocks, written) = (self.depth, scaled.num_blocks(), written.num_blocks());
                (Key::Depth, Mistake::DepthMakesTooManyBlocks { depth, blocks, written })
            }
            Mistake::StageOverflows
            | Mistake::StemOverflows
            | Mistake::HeadOverflows
            | Mistake::NetworkOverflows
            | Mistake::SizeOverflows => {
                let wide = self.width > 1.0;
                let (key, factor) = if wide { (Key::Width, self.width) } else { (Key::Depth, self.depth) };
                (key, Mistake::ScalingOverflows { key, factor })
            }
            _ => return error,
        };
        Error { place: Place::Setting(key), mistake }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operator;

    #[test]
    fn rounds_to_the_nearest_multiple_of_8_without_a_guard() {
        for (channels, width, rounded) in
            [(32, 1.1, 32), (16, 1.1, 16), (96, 1.1, 104), (112, 1.1, 120), (16, 1.2, 16), (112, 1.2, 136), (8, 0.1, 8)]
        {
            assert_eq!(Scaling::v2(width, 1.0).channels(channels), rounded, "{channels} · {width}");
        }
        // 16 is more than 10 % below 19.2.
        assert_eq!(Scaling::v2(1.2, 1.0).channels(16), 16);
        assert_eq!(Scaling { scale: Scale::V1, ..Scaling::v2(1.2, 1.0) }.channels(16), 24);
        assert_eq!(Scaling::v2(1.0, 1.0).channels(20), 20);
    }

    fn rows(repeats: &[usize]) -> Vec<Row> {
        repeats.iter().map(|&repeats| Row::new(repeats, 3, 1, 1, 8, 8, Operator::MbConv, 0.0)).collect()
    }

    #[test]
    fn rounds_repeats_up() {
        let scaled = |repeats: usize, depth| Scaling::v2(1.0, depth).repeats(&rows(&[repeats]));
        assert_eq!([1, 2, 3, 5, 8].map(|repeats| scaled(repeats, 1.1)[0]), [2, 3, 4, 6, 9]);
        assert_eq!(scaled(5, 1.0), [5]);
    }

    /// What timm's `_scale_stage_depth` returns.
    #[test]
    fn rows_of_a_stage_share_its_repeats() {
        let scaled = |repeats: &[usize], depth, depth_rounding| {
            Scaling { depth_rounding, ..Scaling::v2(1.0, depth) }.repeats(&rows(repeats))
        };
        assert_eq!(scaled(&[1, 2, 1], 1.0, DepthRounding::Up), [1, 2, 1]);
        assert_eq!(scaled(&[1, 3], 1.4, DepthRounding::Up), [2, 4]);
        assert_eq!(scaled(&[2, 1], 2.2, DepthRounding::Up), [5, 2]);
        assert_eq!(scaled(&[4], 0.6, DepthRounding::Nearest), [2]);
        assert_eq!(scaled(&[1], 0.2, DepthRounding::Nearest), [1]);
    }

    #[test]
    fn refuses_factors_that_are_not_positive() {
        assert!(Scaling::v2(1.1, 0.5).check().is_empty());
        let errors = Scaling::v2(0.0, f64::NAN).check();
        let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "`width` is 0; it must be a number from 0.01 to 100",
                "`depth` is NaN; it must be a number from 0.01 to 100"
            ]
        );
    }
}
